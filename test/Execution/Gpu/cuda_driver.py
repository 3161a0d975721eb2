"""The part of the CUDA driver's interface that kernels.py needs, by ctypes.

The library is libcuda.so.1, or the file that LLMC_CUDA_DRIVER names.
"""

import ctypes
import os
from ctypes import byref, c_char_p, c_float, c_int, c_size_t, c_uint, c_uint64, c_void_p

MAJOR, MINOR = 75, 76  # device attributes: compute capability
DYNAMIC_SHARED = 8  # function attribute


class NoGpu(Exception):
    """This machine has no GPU that can be used; the text says why."""


class DriverError(Exception):
    """A call of the driver failed."""


class Driver:
    def __init__(self, path=None):
        self.path = path or os.environ.get("LLMC_CUDA_DRIVER") or "libcuda.so.1"
        try:
            self.library = ctypes.CDLL(self.path)
        except OSError as error:
            raise NoGpu(f"no NVIDIA driver on this machine: {error}") from None
        result = self.library.cuInit(c_uint(0))
        if result:
            raise NoGpu(f"no usable NVIDIA GPU: cuInit: {self.describe(result)}")
        count = c_int()
        self.call("cuDeviceGetCount", byref(count))
        if not count.value:
            raise NoGpu("no usable NVIDIA GPU: the driver sees none")
        self.device = c_int()
        number = c_int(int(os.environ.get("LLMC_DEVICE", "0")))
        self.call("cuDeviceGet", byref(self.device), number)
        self.stream = None

    def describe(self, result):
        text = c_char_p()
        self.library.cuGetErrorName(c_int(result), byref(text))
        return (text.value or b"unknown").decode() + f" ({result})"

    def call(self, name, *arguments):
        result = getattr(self.library, name)(*arguments)
        if result:
            raise DriverError(f"{name}: {self.describe(result)}")

    def information(self):
        """What a report says of the GPU and its driver."""
        name = ctypes.create_string_buffer(256)
        self.call("cuDeviceGetName", name, c_int(256), self.device)
        version, major, minor = c_int(), c_int(), c_int()
        self.call("cuDriverGetVersion", byref(version))
        self.call("cuDeviceGetAttribute", byref(major), c_int(MAJOR), self.device)
        self.call("cuDeviceGetAttribute", byref(minor), c_int(MINOR), self.device)
        memory = c_size_t()
        self.call("cuDeviceTotalMem_v2", byref(memory), self.device)
        return {
            "name": name.value.decode(),
            "cuda": f"{version.value // 1000}.{version.value % 1000 // 10}",
            "capability": major.value * 10 + minor.value,
            "memory_gib": round(memory.value / 2**30, 1),
        }

    def open(self):
        """A context and a stream; nothing above needs them."""
        context = c_void_p()
        self.call("cuDevicePrimaryCtxRetain", byref(context), self.device)
        self.call("cuCtxSetCurrent", context)
        self.stream = c_void_p()
        self.call("cuStreamCreate", byref(self.stream), c_uint(1))

    def free_memory(self):
        free, total = c_size_t(), c_size_t()
        self.call("cuMemGetInfo_v2", byref(free), byref(total))
        return free.value

    def allocate(self, size):
        address = c_uint64()
        self.call("cuMemAlloc_v2", byref(address), c_size_t(max(size, 1)))
        return address

    def release(self, address):
        self.call("cuMemFree_v2", address)

    def upload(self, address, data, offset=0):
        target = c_uint64(address.value + offset)
        source = (ctypes.c_char * len(data)).from_buffer_copy(data)
        size = c_size_t(len(data))
        self.call("cuMemcpyHtoDAsync_v2", target, source, size, self.stream)
        self.wait()

    def download(self, address, size):
        data = bytearray(size)
        target = (ctypes.c_char * size).from_buffer(data)
        self.call("cuMemcpyDtoHAsync_v2", target, address, c_size_t(size), self.stream)
        self.wait()
        return data

    def wait(self):
        self.call("cuStreamSynchronize", self.stream)

    def load(self, image):
        """A module of PTX (ending in a zero) or of an ELF file."""
        module = c_void_p()
        self.call("cuModuleLoadData", byref(module), c_char_p(image))
        return module

    def unload(self, module):
        self.call("cuModuleUnload", module)

    def function(self, module, name, shared_bytes):
        function = c_void_p()
        self.call("cuModuleGetFunction", byref(function), module, name.encode())
        if shared_bytes > 48 * 1024:
            size = c_int(shared_bytes)
            self.call("cuFuncSetAttribute", function, c_int(DYNAMIC_SHARED), size)
        return function

    def launch(self, function, grid, threads, shared_bytes, addresses):
        pointers = (c_void_p * len(addresses))(
            *(ctypes.cast(byref(address), c_void_p).value for address in addresses)
        )
        sizes = [c_uint(n) for n in (*grid, threads, 1, 1, shared_bytes)]
        self.call(
            "cuLaunchKernel", function, *sizes, self.stream, pointers, c_void_p()
        )

    def time(self, work):
        """Milliseconds that what `work` puts on the stream takes, by events."""
        start, stop, elapsed = c_void_p(), c_void_p(), c_float()
        for event in (start, stop):
            self.call("cuEventCreate", byref(event), c_uint(0))
        self.call("cuEventRecord", start, self.stream)
        work()
        self.call("cuEventRecord", stop, self.stream)
        self.call("cuEventSynchronize", stop)
        self.call("cuEventElapsedTime", byref(elapsed), start, stop)
        for event in (start, stop):
            self.call("cuEventDestroy_v2", event)
        return elapsed.value

    def copy_bandwidth(self, size=2**30, repeats=20):
        """GB/s of a copy within the GPU's memory, bytes read plus written."""
        source, target = self.allocate(size), self.allocate(size)

        def work(count=repeats):
            for _ in range(count):
                self.call(
                    "cuMemcpyDtoDAsync_v2", target, source, c_size_t(size), self.stream
                )

        work(3)
        milliseconds = self.time(work)
        self.release(source)
        self.release(target)
        return 2 * size * repeats / milliseconds / 1e6
