# lit's configuration: which files are tests and what their RUN lines may call.
import importlib.metadata
import os
import shutil
import subprocess
import sys

import lit.formats

config.name = "llmc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.join(config.llmc_source_dir, "test")
config.test_exec_root = os.path.join(config.llmc_binary_dir, "test")

bin_dir = os.path.join(config.llmc_binary_dir, "bin")
lib_dir = os.path.join(config.llmc_binary_dir, "lib")
config.environment["PATH"] = os.pathsep.join(
    [bin_dir, config.llvm_tools_dir, config.environment.get("PATH", "")]
)

# `lit --param runtime=FILE`: programs are linked with that runtime, such as one
# built with sanitizers, which needs Clang to link.
runtime = lit_config.params.get("runtime")
if runtime:
    config.substitutions.append(
        (
            r"(?<![\w/.%-])llmc compile(?=\s)",
            f"{os.path.join(bin_dir, 'llmc')} compile --runtime={runtime} --linker=clang++-22",
        )
    )
# The name of a program stands for that of this build.
for tool in ("llmc-interpret", "llmc-opt", "llmc"):
    config.substitutions.append(
        (r"(?<![\w/.%-])" + tool + r"(?=\s|$)", os.path.join(bin_dir, tool))
    )
for tool in ("FileCheck", "not", "split-file"):
    config.substitutions.append(
        (r"(?<![\w/.%-])" + tool + r"(?=\s|$)", os.path.join(config.llvm_tools_dir, tool))
    )
config.substitutions.append((r"(?<![\w/.%-])python3(?=\s)", sys.executable))
config.substitutions.append(("%models", os.path.join(config.llmc_source_dir, "models")))
config.substitutions.append(("%tests", os.path.join(config.llmc_source_dir, "test")))
config.substitutions.append(("%source", config.llmc_source_dir))
config.substitutions.append(("%bin", bin_dir))
config.substitutions.append(("%lib", lib_dir))

# A test's kernels are compiled by this build, not found in a user's cache.
config.environment["XDG_CACHE_HOME"] = os.path.join(config.test_exec_root, "cache")
for variable in ("CUDA_HOME", "CUDA_PATH", "LLMC_NVRTC", "CXX"):
    if variable in os.environ:
        config.environment[variable] = os.environ[variable]

# `%permitted COMMAND`: permissions of files hold, for root, too.
permitted = ["env"]
if os.geteuid() == 0:
    permitted = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
if shutil.which(permitted[0]) and not subprocess.call(permitted + ["true"]):
    config.available_features.add("permissions")
    config.substitutions.append(("%permitted", " ".join(permitted)))

# Hugging Face's packages, where they are installed.
if all(importlib.util.find_spec(name) for name in ("torch", "transformers")):
    config.available_features.add("transformers")

# Tests of a part that this build has not got are unsupported, not failed.
if os.path.exists(os.path.join(bin_dir, "llmc-interpret")):
    config.available_features.add("interpret")
if os.path.exists(os.path.join(lib_dir, "libllmc_runtime.a")):
    config.available_features.add("runtime")
# Programs for GPUs run without one: `%emulated PROGRAM`, more variables between.
emulated_driver = os.path.join(lib_dir, "libcuda-emulated.so")
config.substitutions.append(("%emulated_driver", emulated_driver))
config.substitutions.append(("%emulated", f"env LLMC_CUDA_DRIVER={emulated_driver}"))
if os.path.exists(emulated_driver):
    config.available_features.add("emulator")
# A stand-in for NCCL, which connects emulated GPUs: `--param fake_nccl=FILE` names
# one that was built with sanitizers.
fake_nccl = lit_config.params.get(
    "fake_nccl",
    os.path.join(config.llmc_binary_dir, "test", "Runtime", "libllmc_fake_nccl.so"),
)
config.substitutions.append(("%fake_nccl", fake_nccl))
if os.path.exists(fake_nccl):
    config.available_features.add("fake-nccl")
if os.path.exists(os.path.join(bin_dir, "llmc-images-tests")):
    config.available_features.add("images-tests")
if os.path.exists(os.path.join(bin_dir, "llmc-layout-tests")):
    config.available_features.add("layout-tests")
if os.path.exists(os.path.join(bin_dir, "llmc-distribution-tests")):
    config.available_features.add("distribution-tests")
if os.path.exists(os.path.join(bin_dir, "llmc-pipeline-tests")):
    config.available_features.add("pipeline-tests")
if os.path.exists(os.path.join(bin_dir, "llmc-schedule-tests")):
    config.available_features.add("schedule-tests")
try:
    torch_version = importlib.metadata.version("torch").split(".")
except importlib.metadata.PackageNotFoundError:
    torch_version = ["0", "0"]
if tuple(map(int, torch_version[:2])) >= (2, 1):
    config.available_features.add("torch")
# Programs for several ranks, on one machine with fewer processors than ranks,
# and by whoever runs the tests; nothing of it needs a network.
if shutil.which("mpirun"):
    config.available_features.add("mpi")
    for name, value in (
        ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
        ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
        ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
        ("OMPI_MCA_hwloc_base_binding_policy", "none"),
        ("OMPI_MCA_btl", "self,vader"),
        ("OMPI_MCA_btl_vader_single_copy_mechanism", "none"),
        ("OMPI_MCA_plm_rsh_agent", "sh"),
    ):
        config.environment[name] = value
# What compiles kernels for GPUs; no GPU is needed to do so.
find_nvrtc = os.path.join(bin_dir, "llmc-compile-images")
if os.path.exists(find_nvrtc) and not subprocess.call([find_nvrtc, "--check"]):
    config.available_features.add("nvrtc")
cuda_bin = os.path.join(os.environ.get("CUDA_HOME", "/usr/local/cuda"), "bin")
# The C compiler of a library in front of the system's.
c_compiler = next(filter(shutil.which, ("cc", "gcc", "clang-22", "clang")), None)
if c_compiler:
    config.available_features.add("cc")
    config.substitutions.append(("%cc", c_compiler))
nvcc = shutil.which("nvcc") or shutil.which("nvcc", path=cuda_bin)
if nvcc:
    config.available_features.add("nvcc")
    config.substitutions.append(("%nvcc", nvcc))
