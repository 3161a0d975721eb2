"""A small disk to run a program on, and ways to fill it.

`Disk.make` mounts a tmpfs in a mount namespace of this process's own; where that
is not permitted it says so, and a limit on the size of files stands for the full
disk (RLIMIT_FSIZE; a write beyond it fails with EFBIG)."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time

CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x00020000, 0x4000, 0x40000


def _mount(path, size):
    """None, or why it did not work."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        return f"unshare: {os.strerror(ctypes.get_errno())}"
    if libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        return f"mount: {os.strerror(ctypes.get_errno())}"
    if libc.mount(b"tmpfs", path.encode(), b"tmpfs", 0, f"size={size}".encode()) != 0:
        return f"mount: {os.strerror(ctypes.get_errno())}"
    return None


class Disk:
    def __init__(self, path, size, mounted):
        self.path, self.size, self.mounted = path, size, mounted
        self.filler = os.path.join(path, "filler")
        self.limit = None

    @classmethod
    def make(cls, path, size, kind="auto"):
        """kind: "tmpfs" (an error where it cannot be), "limit", or "auto"."""
        os.makedirs(path, exist_ok=True)
        reason = _mount(path, size) if kind != "limit" else "asked for"
        if reason and kind == "tmpfs":
            sys.exit(f"a small file system cannot be mounted: {reason}")
        if reason:
            print(f"no small file system ({reason}): a limit on the size of files instead")
        else:
            print(f"small file system: tmpfs of {size} bytes")
        return cls(path, size, mounted=not reason)

    def fill(self, free):
        """Leaves about `free` bytes; for the next program where there is no
        small file system."""
        if not self.mounted:
            self.limit = free
            return
        with open(self.filler, "wb") as file:
            for _ in range(100):
                space = os.statvfs(self.path)
                left = space.f_bavail * space.f_frsize
                try:
                    if left > free:
                        os.posix_fallocate(file.fileno(), 0, left - free)
                    return
                except OSError:
                    pass  # the program was faster; there is less room now

    def make_room(self):
        self.limit = None
        if os.path.exists(self.filler):
            os.remove(self.filler)

    def start(self, line, log):
        """Starts a program, its output into the file `log`."""
        limit = self.limit

        def prepare():
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        # A log beyond the limit would be cut off: it goes through a pipe.
        process = subprocess.Popen(
            line,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=prepare if limit is not None else None,
        )
        process.log = subprocess.Popen(["cat"], stdin=process.stdout, stdout=open(log, "wb"))
        process.stdout.close()
        return process

    FULL = ("No space left on device", "File too large")


def stop(process):
    """Halts the program where it is; false when it has ended, or is ending."""
    process.send_signal(signal.SIGSTOP)
    while process.poll() is None:
        with open(f"/proc/{process.pid}/stat") as file:
            state = file.read().rsplit(")", 1)[1].split()[0]
        if state in "TZX":
            return state == "T"
        time.sleep(0.001)
    return False


def finish(process):
    """Waits for the program and its log; returns the exit status, negative for
    the signal that ended it."""
    status = process.wait()
    process.log.wait()
    return status


KILLED, TERMINATED = -signal.SIGKILL, 128 + signal.SIGTERM
