// One negative case per constraint of the tile dialect.
// RUN: llmc-opt %s -verify-diagnostics -split-input-file

// expected-error @+1 {{grid extent 0 is not positive}}
tile.func @grid_extent() attributes {grid = array<i64: 1, 0, 1>} { tile.return }

// -----

// expected-error @+1 {{grid has 2 extents, expected 3}}
tile.func @grid_rank() attributes {grid = array<i64: 1, 1>} { tile.return }

// -----

// expected-error @+1 {{inplace lists pairs [result, argument], found 1 numbers}}
tile.func @inplace_pairs() attributes {inplace = array<i64: 1>} { tile.return }

// -----

// expected-error @+1 {{inplace names argument 3, the kernel has 1}}
tile.func @inplace_argument(%x: tensor<4xf32>) attributes {inplace = array<i64: 0, 3>} { tile.return }

// -----

tile.func @load_indices(%x: memref<8x8xf32>, %i: index) {
  // expected-error @+1 {{has 1 indices, the view has rank 2}}
  %t = tile.load %x[%i] : memref<8x8xf32> -> tensor<4xf32>
  tile.return
}

// -----

tile.func @load_elements(%x: memref<8xf32>, %i: index) {
  // expected-error @+1 {{tile elements are 'i32', the view's are 'f32'}}
  %t = tile.load %x[%i] : memref<8xf32> -> tensor<4xi32>
  tile.return
}

// -----

tile.func @load_rank(%x: memref<8xf32>, %i: index) {
  // expected-error @+1 {{tile rank 2 exceeds the view's rank 1}}
  %t = tile.load %x[%i] : memref<8xf32> -> tensor<4x4xf32>
  tile.return
}

// -----

tile.func @load_dynamic(%x: memref<?xf32>, %i: index) {
  // expected-error @+1 {{a view has static extents, found 'memref<?xf32>'}}
  %t = tile.load %x[%i] : memref<?xf32> -> tensor<4xf32>
  tile.return
}

// -----

tile.func @dot_contraction(%a: tensor<4x8xf32>, %b: tensor<4x8xf32>, %c: tensor<4x8xf32>) {
  // expected-error @+1 {{contracts 8 columns with 4 rows}}
  %d = tile.dot %a, %b, %c : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
  tile.return
}

// -----

tile.func @dot_accumulator(%a: tensor<4x8xf32>, %b: tensor<4x8xf32>, %c: tensor<4x8xf32>) {
  // expected-error @+1 {{accumulates 4x4 products into 'tensor<4x8xf32>'}}
  %d = tile.dot %a, %b, %c {transpose_b} : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
  tile.return
}

// -----

tile.func @reduce_axis(%a: tensor<4x8xf32>) {
  // expected-error @+1 {{axis 2 is outside of rank 2}}
  %d = tile.reduce add %a axis 2 : tensor<4x8xf32> -> tensor<4xf32>
  tile.return
}

// -----

tile.func @reduce_extent(%a: tensor<4x8xf32>) {
  // expected-error @+1 {{along axis 1 gives 4 elements, found 'tensor<8xf32>'}}
  %d = tile.reduce add %a axis 1 : tensor<4x8xf32> -> tensor<8xf32>
  tile.return
}

// -----

tile.func @broadcast_axis(%a: tensor<4xf32>) {
  // expected-error @+1 {{axis 3 is not 0 or 1}}
  %d = tile.broadcast %a axis 3 : tensor<4xf32> -> tensor<4x8xf32>
  tile.return
}

// -----

tile.func @broadcast_extent(%a: tensor<4xf32>) {
  // expected-error @+1 {{along new axis 0 cannot give 'tensor<4x8xf32>'}}
  %d = tile.broadcast %a axis 0 : tensor<4xf32> -> tensor<4x8xf32>
  tile.return
}

// -----

tile.func @iota_element(%i: index) {
  // expected-error @+1 {{counts in i32, found 'f32'}}
  %d = tile.iota %i axis 0 : tensor<4xf32>
  tile.return
}

// -----

tile.func @swap_group(%a: tensor<4x8xf32>) {
  // expected-error @+1 {{group 6 is not even or does not divide 8 columns}}
  %d = tile.swap_halves %a {group = 6} : tensor<4x8xf32>
  tile.return
}

// -----

tile.func @repeat(%a: tensor<4x8xf32>) {
  // expected-error @+1 {{cannot repeat the columns of}}
  %d = tile.repeat_columns %a : tensor<4x8xf32> -> tensor<4x12xf32>
  tile.return
}

// -----

tile.func @gather_rows(%a: memref<4x8xf32>, %r: tensor<2xi32>, %c: index) {
  // expected-error @+1 {{has 2 row numbers for 4 rows}}
  %d = tile.gather %a[%r, %c] : memref<4x8xf32>, tensor<2xi32> -> tensor<4x8xf32>
  tile.return
}

// -----

func.func @launch_missing(%x: tensor<4xf32>) {
  // expected-error @+1 {{kernel 'nothing' is not a tile.func}}
  tile.launch @nothing(%x) : (tensor<4xf32>) -> ()
  return
}

// -----

// expected-note @+1 {{kernel defined here}}
tile.func @kernel(%x: tensor<8xf32>) { tile.return }
func.func @launch_types(%x: tensor<4xf32>) {
  // expected-error @+1 {{operand and result types do not match the kernel's}}
  tile.launch @kernel(%x) : (tensor<4xf32>) -> ()
  return
}

// -----

tile.func @item_of_many(%x: tensor<2xf32>) {
  // expected-error @+1 {{of 'tensor<2xf32>' cannot give 'f32'}}
  %d = tile.item %x : tensor<2xf32> -> f32
  tile.return
}

// -----

tile.func @item_type(%x: tensor<1xf32>) {
  // expected-error @+1 {{of 'tensor<1xf32>' cannot give 'i32'}}
  %d = tile.item %x : tensor<1xf32> -> i32
  tile.return
}

// -----

tile.func @ticket_c1(%n: index) {
  scf.for %i = %n to %n step %n {
    // expected-error @+1 {{lies in 'scf.for', expected a kernel's own block}}
    %t = tile.ticket
  }
  tile.return
}

// -----

tile.func @in_turn_c1() {
  %t = tile.ticket
  // expected-error @+1 {{expected at least 2 turns at 1 place, found 1 at 3}}
  tile.in_turn %t of 1 at %t of 3 {
  }
  tile.return
}

// -----

tile.func @in_turn_c1_places() {
  %t = tile.ticket
  // expected-error @+1 {{expected at least 2 turns at 1 place, found 2 at 0}}
  tile.in_turn %t of 2 at %t of 0 {
  }
  tile.return
}

// -----

tile.func @in_turn_c2(%t: index) {
  // expected-error @+1 {{waits for other blocks in a kernel that takes no tile.ticket, so that they may begin later}}
  tile.in_turn %t of 2 at %t of 1 {
  }
  tile.return
}
