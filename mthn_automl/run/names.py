"""Names of samplers, objectives and metrics, without the libraries that what they stand for needs."""

SAMPLERS = ("tpe", "gp", "cmaes", "nsga2", "nsga3", "qmc", "random")
OBJECTIVES = ("error", "parameters", "latency")
METRICS = ("rmse", "mse", "mae", "r2", "log_loss", "accuracy", "balanced_accuracy", "roc_auc", "f1")
