// Tile programs that KernelTests.cpp runs and compares with plain loops.

// y[70, 90] = x[70, 50] w[90, 50]^T + bias, z = tanh(y): no extent is a
// multiple of its block.
tile.func @gemm_nt(%x: memref<70x50xf32>, %w: memref<90x50xf32>, %bias: memref<90xf32>,
                   %y: memref<70x90xf32>, %z: memref<70x90xf32>) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c24 = arith.constant 24 : index
  %c32 = arith.constant 32 : index
  %c50 = arith.constant 50 : index
  %i = tile.program_id 0
  %j = tile.program_id 1
  %row = arith.muli %i, %c24 : index
  %column = arith.muli %j, %c32 : index
  %zero = arith.constant dense<0.0> : tensor<24x32xf32>
  %acc = scf.for %k = %c0 to %c50 step %c16 iter_args(%sum = %zero) -> tensor<24x32xf32> {
    %a = tile.load %x[%row, %k] : memref<70x50xf32> -> tensor<24x16xf32>
    %b = tile.load %w[%column, %k] : memref<90x50xf32> -> tensor<32x16xf32>
    %d = tile.dot %a, %b, %sum {transpose_b} : tensor<24x16xf32>, tensor<32x16xf32>, tensor<24x32xf32>
    scf.yield %d : tensor<24x32xf32>
  }
  %bias_tile = tile.load %bias[%column] : memref<90xf32> -> tensor<32xf32>
  %bias_rows = tile.broadcast %bias_tile axis 0 : tensor<32xf32> -> tensor<24x32xf32>
  %sum = arith.addf %acc, %bias_rows : tensor<24x32xf32>
  tile.store %sum, %y[%row, %column] : tensor<24x32xf32>, memref<70x90xf32>
  %t = math.tanh %sum : tensor<24x32xf32>
  tile.store %t, %z[%row, %column] : tensor<24x32xf32>, memref<70x90xf32>
  tile.return
}

// dw[40, 36] += dy[52, 40]^T x[52, 36]
tile.func @gemm_tn(%dy: memref<52x40xf32>, %x: memref<52x36xf32>, %dw: memref<40x36xf32>) {
  %c0 = arith.constant 0 : index
  %c13 = arith.constant 13 : index
  %c20 = arith.constant 20 : index
  %c52 = arith.constant 52 : index
  %i = tile.program_id 0
  %row = arith.muli %i, %c20 : index
  %zero = arith.constant dense<0.0> : tensor<20x36xf32>
  %acc = scf.for %k = %c0 to %c52 step %c13 iter_args(%sum = %zero) -> tensor<20x36xf32> {
    %a = tile.load %dy[%k, %row] : memref<52x40xf32> -> tensor<13x20xf32>
    %b = tile.load %x[%k, %c0] : memref<52x36xf32> -> tensor<13x36xf32>
    %d = tile.dot %a, %b, %sum {transpose_a} : tensor<13x20xf32>, tensor<13x36xf32>, tensor<20x36xf32>
    scf.yield %d : tensor<20x36xf32>
  }
  %old = tile.load %dw[%row, %c0] : memref<40x36xf32> -> tensor<20x36xf32>
  %new = arith.addf %old, %acc : tensor<20x36xf32>
  tile.store %new, %dw[%row, %c0] : tensor<20x36xf32>, memref<40x36xf32>
  tile.return
}

// y = x / sqrt(mean(x^2) + eps) * w, and the sums over rows of x (fixed order).
tile.func @rms_norm(%x: memref<12x101xf32>, %w: memref<101xf32>, %y: memref<12x101xf32>,
                    %r: memref<12xf32>, %s: memref<3x101xf32>) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %i = tile.program_id 0
  %row = arith.muli %i, %c4 : index
  %v = tile.load %x[%row, %c0] : memref<12x101xf32> -> tensor<4x101xf32>
  %sq = arith.mulf %v, %v : tensor<4x101xf32>
  %sum = tile.reduce add %sq axis 1 : tensor<4x101xf32> -> tensor<4xf32>
  %n = arith.constant dense<101.0> : tensor<4xf32>
  %eps = arith.constant dense<1.0e-5> : tensor<4xf32>
  %mean = arith.divf %sum, %n : tensor<4xf32>
  %shifted = arith.addf %mean, %eps : tensor<4xf32>
  %rstd = math.rsqrt %shifted : tensor<4xf32>
  %rb = tile.broadcast %rstd axis 1 : tensor<4xf32> -> tensor<4x101xf32>
  %wt = tile.load %w[%c0] : memref<101xf32> -> tensor<101xf32>
  %wb = tile.broadcast %wt axis 0 : tensor<101xf32> -> tensor<4x101xf32>
  %xn = arith.mulf %v, %rb : tensor<4x101xf32>
  %out = arith.mulf %xn, %wb : tensor<4x101xf32>
  tile.store %out, %y[%row, %c0] : tensor<4x101xf32>, memref<12x101xf32>
  tile.store %rstd, %r[%row] : tensor<4xf32>, memref<12xf32>
  %columns = tile.reduce add %v axis 0 : tensor<4x101xf32> -> tensor<101xf32>
  tile.store %columns, %s[%i, %c0] : tensor<101xf32>, memref<3x101xf32>
  tile.return
}

// loss[r] = log(sum(exp(x - max))) + max - x[target]
tile.func @token_loss(%x: memref<3x5027xf32>, %targets: memref<3xi32>, %loss: memref<3xf32>) {
  %c0 = arith.constant 0 : index
  %row = tile.program_id 0
  %v = tile.load %x[%row, %c0] : memref<3x5027xf32> -> tensor<1x5027xf32>
  %max = tile.reduce max %v axis 1 : tensor<1x5027xf32> -> tensor<1xf32>
  %mb = tile.broadcast %max axis 1 : tensor<1xf32> -> tensor<1x5027xf32>
  %shifted = arith.subf %v, %mb : tensor<1x5027xf32>
  %e = math.exp %shifted : tensor<1x5027xf32>
  %sum = tile.reduce add %e axis 1 : tensor<1x5027xf32> -> tensor<1xf32>
  %log = math.log %sum : tensor<1xf32>
  %lse = arith.addf %log, %max : tensor<1xf32>
  %t = tile.load %targets[%row] : memref<3xi32> -> tensor<1xi32>
  %tb = tile.broadcast %t axis 1 : tensor<1xi32> -> tensor<1x5027xi32>
  %columns = tile.iota %c0 axis 1 : tensor<1x5027xi32>
  %hit = arith.cmpi eq, %columns, %tb : tensor<1x5027xi32>
  %zero = arith.constant dense<0.0> : tensor<1x5027xf32>
  %picked = arith.select %hit, %v, %zero : tensor<1x5027xi1>, tensor<1x5027xf32>
  %target = tile.reduce add %picked axis 1 : tensor<1x5027xf32> -> tensor<1xf32>
  %l = arith.subf %lse, %target : tensor<1xf32>
  tile.store %l, %loss[%row] : tensor<1xf32>, memref<3xf32>
  tile.return
}

// Causal attention of one head, 100 positions, head size 24, blocks of 32.
tile.func @attention(%q: memref<100x24xf32>, %k: memref<100x24xf32>, %v: memref<100x24xf32>,
                     %o: memref<100x24xf32>, %lse: memref<100xf32>) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %i = tile.program_id 0
  %row = arith.muli %i, %c32 : index
  %end = arith.addi %row, %c32 : index
  %qt = tile.load %q[%row, %c0] : memref<100x24xf32> -> tensor<32x24xf32>
  %m0 = arith.constant dense<-1.0e30> : tensor<32xf32>
  %l0 = arith.constant dense<0.0> : tensor<32xf32>
  %o0 = arith.constant dense<0.0> : tensor<32x24xf32>
  %s0 = arith.constant dense<0.0> : tensor<32x32xf32>
  %scale = arith.constant dense<0.2> : tensor<32x32xf32>
  %low = arith.constant dense<-1.0e30> : tensor<32x32xf32>
  %m, %l, %acc = scf.for %j = %c0 to %end step %c32
      iter_args(%mi = %m0, %li = %l0, %oi = %o0) -> (tensor<32xf32>, tensor<32xf32>, tensor<32x24xf32>) {
    %kt = tile.load %k[%j, %c0] : memref<100x24xf32> -> tensor<32x24xf32>
    %vt = tile.load %v[%j, %c0] : memref<100x24xf32> -> tensor<32x24xf32>
    %s = tile.dot %qt, %kt, %s0 {transpose_b} : tensor<32x24xf32>, tensor<32x24xf32>, tensor<32x32xf32>
    %scaled = arith.mulf %s, %scale : tensor<32x32xf32>
    %rows = tile.iota %row axis 0 : tensor<32x32xi32>
    %columns = tile.iota %j axis 1 : tensor<32x32xi32>
    %seen = arith.cmpi sle, %columns, %rows : tensor<32x32xi32>
    %masked = arith.select %seen, %scaled, %low : tensor<32x32xi1>, tensor<32x32xf32>
    %mr = tile.reduce max %masked axis 1 : tensor<32x32xf32> -> tensor<32xf32>
    %mn = arith.maximumf %mi, %mr : tensor<32xf32>
    %md = arith.subf %mi, %mn : tensor<32xf32>
    %alpha = math.exp %md : tensor<32xf32>
    %mb = tile.broadcast %mn axis 1 : tensor<32xf32> -> tensor<32x32xf32>
    %sd = arith.subf %masked, %mb : tensor<32x32xf32>
    %p = math.exp %sd : tensor<32x32xf32>
    %ps = tile.reduce add %p axis 1 : tensor<32x32xf32> -> tensor<32xf32>
    %la = arith.mulf %li, %alpha : tensor<32xf32>
    %ln = arith.addf %la, %ps : tensor<32xf32>
    %ab = tile.broadcast %alpha axis 1 : tensor<32xf32> -> tensor<32x24xf32>
    %oa = arith.mulf %oi, %ab : tensor<32x24xf32>
    %on = tile.dot %p, %vt, %oa : tensor<32x32xf32>, tensor<32x24xf32>, tensor<32x24xf32>
    scf.yield %mn, %ln, %on : tensor<32xf32>, tensor<32xf32>, tensor<32x24xf32>
  }
  %lb = tile.broadcast %l axis 1 : tensor<32xf32> -> tensor<32x24xf32>
  %out = arith.divf %acc, %lb : tensor<32x24xf32>
  tile.store %out, %o[%row, %c0] : tensor<32x24xf32>, memref<100x24xf32>
  %logl = math.log %l : tensor<32xf32>
  %sum = arith.addf %logl, %m : tensor<32xf32>
  tile.store %sum, %lse[%row] : tensor<32xf32>, memref<100xf32>
  tile.return
}

// y = x cos + swap(x) sin, groups of 48, 16, 8 and 6 columns.
tile.func @swap48(%x: memref<5x96xf32>, %y: memref<5x96xf32>) {
  %c0 = arith.constant 0 : index
  %v = tile.load %x[%c0, %c0] : memref<5x96xf32> -> tensor<5x96xf32>
  %s = tile.swap_halves %v {group = 48 : i64} : tensor<5x96xf32>
  tile.store %s, %y[%c0, %c0] : tensor<5x96xf32>, memref<5x96xf32>
  tile.return
}
tile.func @swap8(%x: memref<5x96xf32>, %y: memref<5x96xf32>) {
  %c0 = arith.constant 0 : index
  %v = tile.load %x[%c0, %c0] : memref<5x96xf32> -> tensor<5x96xf32>
  %s = tile.swap_halves %v {group = 8 : i64} : tensor<5x96xf32>
  tile.store %s, %y[%c0, %c0] : tensor<5x96xf32>, memref<5x96xf32>
  tile.return
}
tile.func @swap6(%x: memref<5x96xf32>, %y: memref<5x96xf32>) {
  %c0 = arith.constant 0 : index
  %v = tile.load %x[%c0, %c0] : memref<5x96xf32> -> tensor<5x96xf32>
  %s = tile.swap_halves %v {group = 6 : i64} : tensor<5x96xf32>
  tile.store %s, %y[%c0, %c0] : tensor<5x96xf32>, memref<5x96xf32>
  tile.return
}

// y[r] = table[tokens[r]] + repeat(p[r]) over a block of columns.
tile.func @gather(%table: memref<17x40xf32>, %tokens: memref<6xi32>, %p: memref<6x10xf32>, %y: memref<6x40xf32>) {
  %c0 = arith.constant 0 : index
  %c20 = arith.constant 20 : index
  %j = tile.program_id 0
  %column = arith.muli %j, %c20 : index
  %rows = tile.load %tokens[%c0] : memref<6xi32> -> tensor<6xi32>
  %g = tile.gather %table[%rows, %column] : memref<17x40xf32>, tensor<6xi32> -> tensor<6x20xf32>
  %pt = tile.load %p[%c0, %c0] : memref<6x10xf32> -> tensor<6x10xf32>
  %pr = tile.repeat_columns %pt : tensor<6x10xf32> -> tensor<6x20xf32>
  %s = arith.addf %g, %pr : tensor<6x20xf32>
  tile.store %s, %y[%c0, %column] : tensor<6x20xf32>, memref<6x40xf32>
  tile.return
}

// One store to m, then p from the old m: the load must not see the store.
tile.func @old_value(%m: memref<200xf32>, %p: memref<2x100xf32>, %s: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %i = tile.program_id 0
  %first = arith.muli %i, %c64 : index
  %old = tile.load %m[%first] : memref<200xf32> -> tensor<64xf32>
  %new = arith.addf %old, %old : tensor<64xf32>
  tile.store %new, %m[%first] : tensor<64xf32>, memref<200xf32>
  %again = tile.load %m[%first] : memref<200xf32> -> tensor<64xf32>
  %flat = memref.reinterpret_cast %p to offset: [0], sizes: [200], strides: [1] : memref<2x100xf32> to memref<200xf32>
  %both = arith.mulf %old, %again : tensor<64xf32>
  tile.store %both, %flat[%first] : tensor<64xf32>, memref<200xf32>
  %sum = tile.reduce add %old axis 0 : tensor<64xf32> -> tensor<1xf32>
  tile.store %sum, %s[%i] : tensor<1xf32>, memref<4xf32>
  tile.return
}

// storage[t] += the rows of g whose token is t, as an embedding's gradient does.
tile.func @row_sum(%tokens: memref<6xi32>, %g: memref<6x20xf32>, %storage: memref<4x20xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %row = tile.program_id 0
  %zero = arith.constant dense<0.0> : tensor<20xf32>
  %t = arith.index_cast %row : index to i32
  %no = arith.constant false
  %sum, %any = scf.for %p = %c0 to %c6 step %c1 iter_args(%s = %zero, %a = %no) -> (tensor<20xf32>, i1) {
    %other = memref.load %tokens[%p] : memref<6xi32>
    %same = arith.cmpi eq, %other, %t : i32
    %next, %hit = scf.if %same -> (tensor<20xf32>, i1) {
      %v = tile.load %g[%p, %c0] : memref<6x20xf32> -> tensor<20xf32>
      %n = arith.addf %s, %v : tensor<20xf32>
      %yes = arith.constant true
      scf.yield %n, %yes : tensor<20xf32>, i1
    } else {
      scf.yield %s, %a : tensor<20xf32>, i1
    }
    scf.yield %next, %hit : tensor<20xf32>, i1
  }
  scf.if %any {
    %old = tile.load %storage[%row, %c0] : memref<4x20xf32> -> tensor<20xf32>
    %new = arith.addf %old, %sum : tensor<20xf32>
    tile.store %new, %storage[%row, %c0] : tensor<20xf32>, memref<4x20xf32>
  }
  tile.return
}

// A loop that carries two tiles and exchanges them in each turn.
tile.func @swapped(%a: memref<16xf32>, %b: memref<16xf32>, %y: memref<2x16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %one = arith.constant dense<1.0> : tensor<16xf32>
  %at = tile.load %a[%c0] : memref<16xf32> -> tensor<16xf32>
  %bt = tile.load %b[%c0] : memref<16xf32> -> tensor<16xf32>
  %r, %s = scf.for %i = %c0 to %c3 step %c1 iter_args(%p = %at, %q = %bt) -> (tensor<16xf32>, tensor<16xf32>) {
    %n = arith.addf %p, %one : tensor<16xf32>
    scf.yield %q, %n : tensor<16xf32>, tensor<16xf32>
  }
  tile.store %r, %y[%c0, %c0] : tensor<16xf32>, memref<2x16xf32>
  tile.store %s, %y[%c1, %c0] : tensor<16xf32>, memref<2x16xf32>
  tile.return
}

// The size that is measured: y[256, 3072] = x[256, 768] w[3072, 768]^T.
tile.func @gemm_big(%x: memref<256x768xf32>, %w: memref<3072x768xf32>, %y: memref<256x3072xf32>) {
  %c0 = arith.constant 0 : index
  %c256 = arith.constant 256 : index
  %c768 = arith.constant 768 : index
  %i = tile.program_id 0
  %j = tile.program_id 1
  %row = arith.muli %i, %c256 : index
  %column = arith.muli %j, %c256 : index
  %zero = arith.constant dense<0.0> : tensor<256x256xf32>
  %acc = scf.for %k = %c0 to %c768 step %c256 iter_args(%sum = %zero) -> tensor<256x256xf32> {
    %a = tile.load %x[%row, %k] : memref<256x768xf32> -> tensor<256x256xf32>
    %b = tile.load %w[%column, %k] : memref<3072x768xf32> -> tensor<256x256xf32>
    %d = tile.dot %a, %b, %sum {transpose_b} : tensor<256x256xf32>, tensor<256x256xf32>, tensor<256x256xf32>
    scf.yield %d : tensor<256x256xf32>
  }
  tile.store %acc, %y[%row, %column] : tensor<256x256xf32>, memref<256x3072xf32>
  tile.return
}
