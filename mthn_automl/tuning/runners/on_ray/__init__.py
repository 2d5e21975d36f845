"""The Ray runner; nothing else in the package imports Ray, which reads these variables when it is imported."""

import os

_SILENCE = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_FORCE_TRIAL_CLEANUP_S": "10",
}
_PRIORITY = {"RAY_worker_niceness": "0"}
"""Ray's own is 15: beside two other busy processes on two cores no worker had set to work after 80 seconds."""

for _variable, _setting in {**_SILENCE, **_PRIORITY}.items():
    os.environ.setdefault(_variable, _setting)
