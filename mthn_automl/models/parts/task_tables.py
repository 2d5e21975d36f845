"""Parameters and buffers that belong to tasks: the module that holds them says so, and nobody else need know."""

from functools import cached_property

from torch import Tensor, nn


class WithTaskTables(nn.Module):
    """A module that may hold task tables, of which row t belongs to task t.

    The training engine fetches the rows of the tasks in a batch and updates these alone; predictions give a task
    never seen the mean of all rows.

    Shape:
        a table (tasks, ...); `rows` (blocks, ...) of task (blocks,).

    Example:
        >>> import torch
        >>> module = WithTaskTables()
        >>> module.add_task_tables(offset=nn.Parameter(torch.zeros(5, 2)))
        >>> [rows.shape for rows in module.rows(torch.tensor([0, 3, 3]), "offset")]
        [torch.Size([3, 2])]

    Attributes:
        task_tables: names of this module's own tables.
    """

    def __init__(self) -> None:
        super().__init__()
        self.task_tables: set[str] = set()

    def add_task_tables(self, **tables: Tensor) -> None:
        """Register each under its name: parameters as such, other tensors as buffers."""
        for name, table in tables.items():
            if isinstance(table, nn.Parameter):
                self.register_parameter(name, table)
            else:
                self.register_buffer(name, table)
        self.task_tables |= tables.keys()

    def rows(self, task: Tensor, *names: str) -> list[Tensor]:
        """Of each table named the rows of these tasks."""
        return [getattr(self, name).index_select(0, task) for name in names]

    @cached_property
    def task_indexed(self) -> frozenset[str]:
        """Names of all parameters and buffers with a row a task, of the modules inside this one too; of an
        architecture `metadata` always counts as one and is not named."""
        return frozenset(
            f"{holder}.{name}" if holder else name
            for holder, module in self.named_modules()
            if isinstance(module, WithTaskTables)
            for name in module.task_tables
        )
