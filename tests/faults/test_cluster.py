"""What is sent to a cluster's nodes, and addresses that are none; tests/faults/test_address.py has a real cluster."""

from pathlib import Path

import pytest

import mthn_automl
from mthn_automl.errors import ClusterError
from mthn_automl.tuning.runners.on_ray.cluster import check_cluster
from mthn_automl.tuning.runners.on_ray.code import shipped

OURS = Path(mthn_automl.__file__).parent


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path, as a user's own code is: a module, a package, and what is no source."""
    (tmp_path / "whole").mkdir()
    for name in ("alone.py", "whole/__init__.py", "whole/inner.py", "compiled.pyc"):
        (tmp_path / name).write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_this_package_and_code_of_ones_own_are_sent_and_what_every_node_has_is_not(own: Path) -> None:
    """A package is sent whole, a module alone."""
    assert shipped([]) == shipped(["mthn_automl"]) == shipped(["mthn_automl.models.ridge"]) == [OURS]
    assert shipped(["whole.inner", "alone", "whole"]) == [OURS, own / "whole", own / "alone.py"]
    assert shipped(["numpy", "sklearn.linear_model", "typing_extensions", "json", "sys"]) == [OURS]


@pytest.mark.usefixtures("own")
def test_code_that_nobody_can_import_or_without_its_source_is_refused() -> None:
    for name in ("nowhere", "__main__", "", ".relative"):
        with pytest.raises(ClusterError, match=r"must be importable by name, however there is no module '.*'; add its"):
            shipped([name])
    with pytest.raises(ClusterError, match=r"must be Python source, however the module 'compiled' is .*\.pyc; "):
        shipped(["compiled"])


MALFORMED = ("", "6379", "localhost", "localhost:", ":6379", "localhost:port", "localhost:0", "localhost:65536")
MALFORMED += ("http://localhost:8265", "a b:6379", "user@localhost:6379", "localhost:6379/path", "[::1:6379")


def test_a_malformed_address_is_told_what_one_looks_like_and_a_ray_client_why_it_is_none() -> None:
    for address in MALFORMED:
        with pytest.raises(ClusterError, match=r"^--address must be HOST:PORT, such as 10\.0\.0\.1:6379, or auto, how"):
            check_cluster(address)
    with pytest.raises(ClusterError, match=r"however 'ray://a:10001' is of a Ray Client, whose driver stands outside"):
        check_cluster("ray://a:10001")
