// A program for a GPU: its code and how it is launched are tables, and it trains
// on the emulated driver.
//
// REQUIRES: runtime
// RUN: rm -rf %t && mkdir %t
// RUN: llmc compile %s --target=cuda --arch=emulated --batch 2 --seq 16 -o %t/program --dump-to=%t/dump
// RUN: FileCheck --input-file=%t/dump/10-link.ll %s
// CHECK-DAG: @llmcProgram ={{.*}} constant
// CHECK-DAG: @cubin ={{.*}} c"\7FELF{{.*}}, align 64
// CHECK-DAG: @images ={{.*}} [{ ptr, ptr, i64, i64 } { ptr @cubin, ptr null, i64 {{[1-9][0-9]*}}, i64 0 }
// CHECK-DAG: c"bf16\00"
// CHECK-DAG: c"bf16 parameters\00"
// CHECK-DAG: define internal {{.*}}void @prepare(ptr
//
// RUN: llmc data %s -o %t/data
// RUN: env LLMC_CUDA_DRIVER=%bin/../lib/libcuda-emulated.so %t/program --data %t/data --out %t/out --steps 2 | FileCheck --check-prefix=TRAIN %s
// RUN: llmc compile %s --target=cpu --batch 2 --seq 16 -o %t/cpu
// RUN: %t/cpu --data %t/data --out %t/cpu-out --steps 2 | FileCheck --check-prefix=TRAIN %s
// TRAIN: 1/2 | loss 5.54
// TRAIN: 2/2 | loss 5.54
// TRAIN: step 2: saved
//
// RUN: not env LLMC_CUDA_DRIVER=/none %t/program --data %t/data --out %t/none 2>&1 | FileCheck --check-prefix=NONE %s
// NONE: error: no CUDA driver: /none

model.graph @bigram(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %wte = model.parameter "wte.weight" : tensor<256x32xf32> {init = #model.normal<0.02>}
  %head = model.parameter "lm_head.weight" : tensor<256x32xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %wte : (tensor<?x?xi32>, tensor<256x32xf32>) -> tensor<?x?x32xf32>
  %logits = model.linear %x, %head : (tensor<?x?x32xf32>, tensor<256x32xf32>) -> tensor<?x?x256xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x256xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
