"""How often what a run says is false: every statistical sentence of its page, under truths that are known.

    python benchmarks/claims.py                  200 seeds each
    python benchmarks/claims.py --seeds 40 --only metadata

Each line is a claim and a truth. Where the claim would be false, it may be made in at most 5 % of the seeds, within two
Monte Carlo standard errors (8.1 % of 200); where it is true, the share is the power. Sentences are made by the
functions that make those of the page, from small fits (ridge regression, on random features or one model a task) or
from simulated tables; `planted.py` does it by whole searches.
"""

import argparse
import json
import sys
import time

import claims_planted
import claims_statistics
from claims_frame import Counted, count

CLAIMS = (*claims_statistics.claims(), *claims_planted.claims())


def main() -> int:
    chosen = _parser().parse_args()
    wanted = [each for each in CLAIMS if chosen.only in f"{each.name} {each.truth}"]
    if not wanted:
        sys.exit(f"A claim must be one of those that are counted, however none has '{chosen.only}' in it.")
    found = []
    for claim in wanted:
        started = time.perf_counter()
        found.append(count(claim, chosen.seeds))
        print(f"{time.perf_counter() - started:5.1f} s  {claim.name}: {claim.truth}", file=sys.stderr)
    print(json.dumps([_line(each) for each in found]) if chosen.json else _table(found))
    return 0 if all(each.kept for each in found) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200, metavar="N", help="of each claim")
    parser.add_argument("--only", default="", metavar="TEXT", help="claims with this in their name or truth")
    parser.add_argument("--json", action="store_true", help="a list of objects in place of the table")
    return parser


def _line(found: Counted) -> dict[str, object]:
    claim = found.claim
    return {
        "claim": claim.name,
        "truth": claim.truth,
        "false": claim.false,
        "share": found.share,
        "seeds": found.seeds,
        "kept": found.kept,
    }


def _table(found: list[Counted]) -> str:
    lines = ["| what is said | truth | said in | |", "|---|---|---|---|"]
    for each in found:
        claim = each.claim
        verdict = "power" if not claim.false else f"at most {each.limit:.1%}" if not claim.stated else claim.stated
        verdict += "" if each.kept else ", MISSED"
        lines.append(f"| {claim.name} | {claim.truth} | {each.share:.1%} | {verdict} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
