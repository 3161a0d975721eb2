// Orders in which a rank would wait for ever, or read too early, are refused.
// RUN: llmc-opt %s --llmc-verify-collectives -verify-diagnostics -split-input-file

// A sound plan: summed while a launch that has nothing to do with it runs.
dist.mesh ranks 2 zero 1
dist.bucket at 0 elements 128
plan.arena gradient @gradients bytes 512 align 64
plan.arena activation @activations bytes 1024 align 64
plan.arena communication @communication bytes 256 align 64
tile.func @copy(%x: tensor<64xf32>) -> tensor<64xf32> attributes {kind = "rows"} {
  tile.return %x : tensor<64xf32>
}
plan.func @last_micro_step {
  %g = plan.view @gradients[0] : memref<128xf32>
  %own = plan.view @gradients[0 + rank * 256] : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  %p = plan.start reduce_scatter %g into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  %x = plan.view @activations[0] : memref<64xf32>
  %y = plan.view @activations[256] : memref<64xf32>
  plan.launch @copy(%x, %y) : memref<64xf32>, memref<64xf32>
  plan.wait %p
}

// -----

// No rank but the one that samples would come.
dist.mesh ranks 2 zero 0
dist.bucket at 0 elements 128
plan.arena squares @squares bytes 1024 align 64
plan.func @generate {
  %x = plan.view @squares[0 + rank * 256] : memref<64xf32>
  %y = plan.view @squares[0] : memref<128xf32>
  // expected-error @+1 {{is in @generate, which one rank may run alone: it would wait for the others for ever}}
  %p = plan.start all_gather %x into %y : memref<64xf32>, memref<128xf32>
  plan.wait %p
}

// -----

// The next function's collectives would meet it.
dist.mesh ranks 2 zero 0
dist.bucket at 0 elements 128
plan.arena squares @squares bytes 1024 align 64
plan.func @update {
  %x = plan.view @squares[0 + rank * 256] : memref<64xf32>
  %y = plan.view @squares[0] : memref<128xf32>
  // expected-error @+1 {{expected one plan.wait for it, found 0}}
  %p = plan.start all_gather %x into %y : memref<64xf32>, memref<128xf32>
}

// -----

dist.mesh ranks 2 zero 0
dist.bucket at 0 elements 128
plan.arena squares @squares bytes 1024 align 64
plan.func @update {
  %x = plan.view @squares[0 + rank * 256] : memref<64xf32>
  %y = plan.view @squares[0] : memref<128xf32>
  // expected-error @+1 {{expected one plan.wait for it, found 2}}
  %p = plan.start all_gather %x into %y : memref<64xf32>, memref<128xf32>
  plan.wait %p
  plan.wait %p
}

// -----

// Ranks that send 64 elements each would wait for 65 from each other.
dist.mesh ranks 2 zero 0
dist.bucket at 0 elements 128
plan.arena squares @squares bytes 1024 align 64
plan.func @update {
  %x = plan.view @squares[0 + rank * 256] : memref<64xf32>
  %y = plan.view @squares[0] : memref<130xf32>
  // expected-error @+1 {{expected a part of 65 elements for each of 2 ranks, found 64}}
  %p = plan.start all_gather %x into %y : memref<64xf32>, memref<130xf32>
  plan.wait %p
}

// -----

dist.mesh ranks 3 zero 0
dist.bucket at 0 elements 192
plan.arena gradient @gradients bytes 768 align 64
plan.arena communication @communication bytes 512 align 64
plan.func @last_micro_step {
  %g = plan.view @gradients[0] : memref<128xf32>
  %scratch = plan.view @communication[0] : memref<128xf32>
  // expected-error @+1 {{expected equal parts for 3 ranks, found 128 elements}}
  %p = plan.start all_reduce %g into %g using %scratch : memref<128xf32>, memref<128xf32>, memref<128xf32>
  plan.wait %p
}

// -----

dist.mesh ranks 3 zero 0
dist.bucket at 0 elements 192
plan.arena gradient @gradients bytes 768 align 64
plan.arena communication @communication bytes 512 align 64
plan.func @last_micro_step {
  %g = plan.view @gradients[0] : memref<192xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  // expected-error @+1 {{expected a scratch for 2 parts of 64 elements, found 64}}
  %p = plan.start all_reduce %g into %g using %scratch : memref<192xf32>, memref<192xf32>, memref<64xf32>
  plan.wait %p
}

// -----

// Every rank would write the first shard.
dist.mesh ranks 2 zero 1
dist.bucket at 0 elements 128
plan.arena gradient @gradients bytes 512 align 64
plan.arena communication @communication bytes 256 align 64
plan.func @last_micro_step {
  %g = plan.view @gradients[0] : memref<128xf32>
  %own = plan.view @gradients[0] : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  // expected-error @+1 {{expected this rank's own part of the whole, found another place in it}}
  %p = plan.start reduce_scatter %g into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  plan.wait %p
}

// -----

// Another rank's shard than the one that is being gathered, read too early.
dist.mesh ranks 2 zero 1
dist.bucket at 0 elements 128
plan.arena parameter @parameters bytes 512 align 64
plan.arena activation @activations bytes 1024 align 64
tile.func @copy(%x: tensor<16xf32>) -> tensor<16xf32> attributes {kind = "rows"} {
  tile.return %x : tensor<16xf32>
}
plan.func @update {
  %all = plan.view @parameters[0] : memref<128xf32>
  %own = plan.view @parameters[0 + rank * 256] : memref<64xf32>
  // expected-note @+1 {{it is started here}}
  %p = plan.start all_gather %own into %all : memref<64xf32>, memref<128xf32>
  %w = plan.view @parameters[448] : memref<16xf32>
  %y = plan.view @activations[0] : memref<16xf32>
  // expected-error @+1 {{touches bytes 448 to 512 of 'parameters' before the all_gather of them is waited for}}
  plan.launch @copy(%w, %y) : memref<16xf32>, memref<16xf32>
  plan.wait %p
}

// -----

// Two collectives on the same bytes.
dist.mesh ranks 2 zero 0
dist.bucket at 0 elements 128
plan.arena gradient @gradients bytes 512 align 64
plan.arena communication @communication bytes 256 align 64
plan.func @last_micro_step {
  %g = plan.view @gradients[0] : memref<128xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  // expected-note @+1 {{it is started here}}
  %p = plan.start all_reduce %g into %g using %scratch : memref<128xf32>, memref<128xf32>, memref<64xf32>
  // expected-error @+1 {{touches bytes 0 to 512 of 'gradients' before the all_reduce of them is waited for}}
  %q = plan.start all_reduce %g into %g using %scratch : memref<128xf32>, memref<128xf32>, memref<64xf32>
  plan.wait %p
  plan.wait %q
}

// -----

dist.mesh ranks 2 zero 0
dist.bucket at 0 elements 256
plan.arena gradient @gradients bytes 1024 align 64
plan.arena communication @communication bytes 256 align 64
// expected-error @+1 {{bytes 512 to 1024 of the gradients are not summed over ranks in @last_micro_step, expected once}}
plan.func @last_micro_step {
  %g = plan.view @gradients[0] : memref<128xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  %p = plan.start all_reduce %g into %g using %scratch : memref<128xf32>, memref<128xf32>, memref<64xf32>
  plan.wait %p
}

// -----

dist.mesh ranks 2 zero 0
dist.bucket at 0 elements 128
plan.arena gradient @gradients bytes 512 align 64
plan.arena communication @communication bytes 256 align 64
plan.func @last_micro_step {
  %g = plan.view @gradients[0] : memref<128xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  %p = plan.start all_reduce %g into %g using %scratch : memref<128xf32>, memref<128xf32>, memref<64xf32>
  plan.wait %p
  // expected-error @+1 {{bytes 0 to 512 of the gradients are summed over ranks in @last_micro_step twice, expected once}}
  %q = plan.start all_reduce %g into %g using %scratch : memref<128xf32>, memref<128xf32>, memref<64xf32>
  plan.wait %q
}

// -----

// A step of one micro-batch sums, too.
dist.mesh ranks 2 zero 0
dist.bucket at 0 elements 128
plan.arena gradient @gradients bytes 512 align 64
plan.arena communication @communication bytes 256 align 64
plan.func @last_micro_step {
  %g = plan.view @gradients[0] : memref<128xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  %p = plan.start all_reduce %g into %g using %scratch : memref<128xf32>, memref<128xf32>, memref<64xf32>
  plan.wait %p
}
plan.func @first_micro_step {
}
// expected-error @+1 {{bytes 0 to 512 of the gradients are not summed over ranks in @only_micro_step, expected once}}
plan.func @only_micro_step {
}

// -----

// expected-error @+1 {{expected a plan.func @only_micro_step, which sums gradients over ranks}}
module {
  dist.mesh ranks 2 zero 0
  plan.func @last_micro_step {
  }
  plan.func @first_micro_step {
  }
}

// -----

// expected-error @+1 {{expected a plan.func @last_micro_step, which sums gradients over ranks}}
module {
  dist.mesh ranks 2 zero 0
}

// -----

// A copy takes away what is being gathered.
dist.mesh ranks 2 zero 1
dist.bucket at 0 elements 128
plan.arena parameter @parameters bytes 512 align 64
plan.arena moment1 @moment1 bytes 512 align 64 host
plan.func @update {
  %all = plan.view @parameters[0] : memref<128xf32>
  %own = plan.view @parameters[0 + rank * 256] : memref<64xf32>
  %m = plan.view @moment1[0] : memref<64xf32>
  // expected-note @+1 {{it is started here}}
  %p = plan.start all_gather %own into %all : memref<64xf32>, memref<128xf32>
  // expected-error @+1 {{touches bytes 0 to 512 of 'parameters' before the all_gather of them is waited for}}
  %q = plan.copy to_host %own into %m : memref<64xf32>
  plan.wait %p
  plan.wait %q
}

// -----

// Summed before the last micro-batch, and then again.
dist.mesh ranks 2 zero 0
plan.arena gradient @gradients bytes 512 align 64
plan.arena communication @communication bytes 256 align 64
plan.func @micro_step {
  %g = plan.view @gradients[0] : memref<128xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  // expected-error @+1 {{sums gradients over ranks in @micro_step, where a step's gradients are not complete}}
  %p = plan.start all_reduce %g into %g using %scratch : memref<128xf32>, memref<128xf32>, memref<64xf32>
  plan.wait %p
}
plan.func @last_micro_step {
  %g = plan.view @gradients[0] : memref<128xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  %p = plan.start all_reduce %g into %g using %scratch : memref<128xf32>, memref<128xf32>, memref<64xf32>
  plan.wait %p
}
