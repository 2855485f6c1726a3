"""RDS: the storage of a restored DB instance, which is loaded from the snapshot while the instance is available."""

from moto.rds.models import DBInstance, DBInstanceClustered

_INITIALIZING = "Initializing"


def load(database, looks):
    """Begins to load the storage of an instance, for as many looks once it is available; of Aurora nothing shows."""
    if isinstance(database, DBInstance) and not isinstance(database, DBInstanceClustered):
        database.stage_loading = (looks, looks)


def progress_storage(database):
    """One look at the storage of an instance."""
    looks, left = database.__dict__.get("stage_loading", (0, 0))
    if left and database.status == "available":
        database.stage_loading = (looks, left - 1)


def _operation(self):
    looks, left = self.__dict__.get("stage_loading", (0, 0))
    return _INITIALIZING if left and self.status == "available" else None


def _progress(self):
    looks, left = self.__dict__.get("stage_loading", (0, 0))
    return 100 * (looks - left) // looks if _operation(self) else None


DBInstance.storage_operation_status = property(_operation)
DBInstance.storage_operation_percent_progress = property(_progress)
