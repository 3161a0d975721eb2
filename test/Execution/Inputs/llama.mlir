// A Llama of two layers: RMSNorm, RoPE, SwiGLU, four query heads on two
// key-value heads. 97 tokens and 88 inner channels: no tile divides them.
model.graph @llama(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %embed = model.parameter "model.embed_tokens.weight" : tensor<97x64xf32> {init = #model.normal<0.05>}
  %x = model.embedding %tokens, %embed : (tensor<?x?xi32>, tensor<97x64xf32>) -> tensor<?x?x64xf32>
  %y = model.repeat 2 named "model.layers" (%h = %x) : tensor<?x?x64xf32> {
    %n1w = model.parameter "input_layernorm.weight" : tensor<64xf32> {init = #model.ones}
    %n1 = model.rms_norm %h, %n1w {eps = 1.0e-5 : f32} : (tensor<?x?x64xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
    %qw = model.parameter "self_attn.q_proj.weight" : tensor<64x64xf32> {init = #model.normal<0.05>}
    %kw = model.parameter "self_attn.k_proj.weight" : tensor<32x64xf32> {init = #model.normal<0.05>}
    %vw = model.parameter "self_attn.v_proj.weight" : tensor<32x64xf32> {init = #model.normal<0.05>}
    %q = model.linear %n1, %qw : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> tensor<?x?x64xf32>
    %k = model.linear %n1, %kw : (tensor<?x?x64xf32>, tensor<32x64xf32>) -> tensor<?x?x32xf32>
    %v = model.linear %n1, %vw : (tensor<?x?x64xf32>, tensor<32x64xf32>) -> tensor<?x?x32xf32>
    %qr = model.rope %q {head_size = 16 : i64, theta = 10000.0 : f32} : tensor<?x?x64xf32>
    %kr = model.rope %k {head_size = 16 : i64, theta = 10000.0 : f32} : tensor<?x?x32xf32>
    %a = model.attention %qr, %kr, %v {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<?x?x64xf32>, tensor<?x?x32xf32>, tensor<?x?x32xf32>) -> tensor<?x?x64xf32>
    %ow = model.parameter "self_attn.o_proj.weight" : tensor<64x64xf32> {init = #model.normal<0.05>}
    %o = model.linear %a, %ow : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> tensor<?x?x64xf32>
    %h1 = model.add %h, %o : tensor<?x?x64xf32>
    %n2w = model.parameter "post_attention_layernorm.weight" : tensor<64xf32> {init = #model.ones}
    %n2 = model.rms_norm %h1, %n2w {eps = 1.0e-5 : f32} : (tensor<?x?x64xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
    %gw = model.parameter "mlp.gate_proj.weight" : tensor<88x64xf32> {init = #model.normal<0.05>}
    %uw = model.parameter "mlp.up_proj.weight" : tensor<88x64xf32> {init = #model.normal<0.05>}
    %g = model.linear %n2, %gw : (tensor<?x?x64xf32>, tensor<88x64xf32>) -> tensor<?x?x88xf32>
    %u = model.linear %n2, %uw : (tensor<?x?x64xf32>, tensor<88x64xf32>) -> tensor<?x?x88xf32>
    %s = model.silu %g : tensor<?x?x88xf32>
    %m = model.mul %s, %u : tensor<?x?x88xf32>
    %dw = model.parameter "mlp.down_proj.weight" : tensor<64x88xf32> {init = #model.normal<0.05>}
    %d = model.linear %m, %dw : (tensor<?x?x88xf32>, tensor<64x88xf32>) -> tensor<?x?x64xf32>
    %h2 = model.add %h1, %d : tensor<?x?x64xf32>
    model.yield %h2 : tensor<?x?x64xf32>
  }
  %nw = model.parameter "model.norm.weight" : tensor<64xf32> {init = #model.ones}
  %n = model.rms_norm %y, %nw {eps = 1.0e-5 : f32} : (tensor<?x?x64xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
  %head = model.parameter "lm_head.weight" : tensor<97x64xf32> {init = #model.normal<0.05>}
  %logits = model.linear %n, %head : (tensor<?x?x64xf32>, tensor<97x64xf32>) -> tensor<?x?x97xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x97xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
