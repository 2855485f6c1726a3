"""Images: the data of a server as it was at one moment, as a storage snapshot has it, and servers of one's own."""

import os
import shutil
import signal
import weakref
from contextlib import contextmanager, suppress


class Image:
    """A folder with the files of a server, the programs that it is for, and the names of databases whose files are not
    in it; removed once no snapshot and no server refers to it."""

    def __init__(self, folder, programs=None, left_out=()):
        self.folder, self.programs, self.left_out = folder, programs, left_out
        #: What makes a MariaDB with this image follow the one that it is of.
        self.following = None
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def __deepcopy__(self, _memo):
        return self


class OwnServer:
    """That an instance or cluster has a server of its own: an empty one, or one with the data of an image. It may follow
    another server, `primary`, which knows it under a name. Replicas and members share it with their source."""

    def __init__(self, image=None, primary=None, name=None):
        self.image, self.primary, self.name = image, primary, name

    def __copy__(self):
        return self

    def __deepcopy__(self, _memo):
        return self


def everything(_path):
    """All files are wanted."""
    return True


def copy_files(source, target, is_wanted=everything, account=None):
    """Copies a folder that a server may be writing to, but for what is not wanted by its path within the folder;
    `account` is who is to own the copy. A file that the server removes meanwhile is left out."""
    _copy(source, target, "", is_wanted, account)


def _copy(source, target, within, is_wanted, account):
    folder = target / within
    folder.mkdir(mode=0o700, exist_ok=True)
    _own(folder, account)
    with suppress(FileNotFoundError), os.scandir(source / within) as entries:
        for entry in entries:
            path = f"{within}/{entry.name}" if within else entry.name
            if not is_wanted(path):
                continue
            if entry.is_dir(follow_symlinks=False):
                _copy(source, target, path, is_wanted, account)
                continue
            with suppress(FileNotFoundError):
                shutil.copyfile(entry.path, target / path)
                os.chmod(target / path, 0o600)
                _own(target / path, account)


def _own(path, account):
    if account:
        os.chown(path, account.pw_uid, account.pw_gid)


@contextmanager
def frozen(process):
    """Stops a process of a single server for a moment: its files are as they would be after a crash. If this process
    ends meanwhile, the kernel kills the other."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)
