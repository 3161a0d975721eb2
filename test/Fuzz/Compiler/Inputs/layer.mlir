// One layer with a kernel of each kind: products, alone and in pairs, attention,
// norms, a table, a loss, AdamW.
model.graph @layer(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %wte = model.parameter "embed_tokens.weight" : tensor<97x32xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %wte : (tensor<?x?xi32>, tensor<97x32xf32>) -> tensor<?x?x32xf32>
  %y = model.repeat 1 named "layers" (%h = %x) : tensor<?x?x32xf32> {
    %nw = model.parameter "input_layernorm.weight" : tensor<32xf32> {init = #model.ones}
    %n = model.rms_norm %h, %nw {eps = 1.0e-5 : f32} : (tensor<?x?x32xf32>, tensor<32xf32>) -> tensor<?x?x32xf32>
    %qw = model.parameter "q_proj.weight" : tensor<32x32xf32> {init = #model.normal<0.02>}
    %kw = model.parameter "k_proj.weight" : tensor<16x32xf32> {init = #model.normal<0.02>}
    %vw = model.parameter "v_proj.weight" : tensor<16x32xf32> {init = #model.normal<0.02>}
    %q = model.linear %n, %qw : (tensor<?x?x32xf32>, tensor<32x32xf32>) -> tensor<?x?x32xf32>
    %k = model.linear %n, %kw : (tensor<?x?x32xf32>, tensor<16x32xf32>) -> tensor<?x?x16xf32>
    %v = model.linear %n, %vw : (tensor<?x?x32xf32>, tensor<16x32xf32>) -> tensor<?x?x16xf32>
    %qr = model.rope %q {head_size = 16 : i64, theta = 10000.0 : f32} : tensor<?x?x32xf32>
    %kr = model.rope %k {head_size = 16 : i64, theta = 10000.0 : f32} : tensor<?x?x16xf32>
    %a = model.attention %qr, %kr, %v {heads = 2 : i64, kv_heads = 1 : i64} : (tensor<?x?x32xf32>, tensor<?x?x16xf32>, tensor<?x?x16xf32>) -> tensor<?x?x32xf32>
    %ow = model.parameter "o_proj.weight" : tensor<32x32xf32> {init = #model.normal<0.02>}
    %o = model.linear %a, %ow : (tensor<?x?x32xf32>, tensor<32x32xf32>) -> tensor<?x?x32xf32>
    %h1 = model.add %h, %o : tensor<?x?x32xf32>
    %gw = model.parameter "gate_proj.weight" : tensor<64x32xf32> {init = #model.normal<0.02>}
    %uw = model.parameter "up_proj.weight" : tensor<64x32xf32> {init = #model.normal<0.02>}
    %g = model.linear %h1, %gw : (tensor<?x?x32xf32>, tensor<64x32xf32>) -> tensor<?x?x64xf32>
    %u = model.linear %h1, %uw : (tensor<?x?x32xf32>, tensor<64x32xf32>) -> tensor<?x?x64xf32>
    %s = model.silu %g : tensor<?x?x64xf32>
    %m = model.mul %s, %u : tensor<?x?x64xf32>
    %dw = model.parameter "down_proj.weight" : tensor<32x64xf32> {init = #model.normal<0.02>}
    %d = model.linear %m, %dw : (tensor<?x?x64xf32>, tensor<32x64xf32>) -> tensor<?x?x32xf32>
    %h2 = model.add %h1, %d : tensor<?x?x32xf32>
    model.yield %h2 : tensor<?x?x32xf32>
  }
  %logits = model.linear %y, %wte : (tensor<?x?x32xf32>, tensor<97x32xf32>) -> tensor<?x?x97xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x97xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
