// Qwen2.5 0.5B (Yang et al., 2024).
// 24 layers, 896 channels, 14 heads of 64, 2 for keys and values, 4864 channels inside, vocabulary 151936, tied head: 494,032,768 parameters.
// Names and shapes are those of Hugging Face's checkpoints.

model.graph @qwen2_5_0_5b(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %embed = model.parameter "model.embed_tokens.weight" : tensor<151936x896xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %embed : (tensor<?x?xi32>, tensor<151936x896xf32>) -> tensor<?x?x896xf32>

  %y = model.repeat 24 named "model.layers" (%h = %x) : tensor<?x?x896xf32> {
    // Attention.
    %input_norm = model.parameter "input_layernorm.weight" : tensor<896xf32> {init = #model.ones}
    %n1 = model.rms_norm %h, %input_norm {eps = 1.0e-6 : f32} : (tensor<?x?x896xf32>, tensor<896xf32>) -> tensor<?x?x896xf32>
    %q_proj = model.parameter "self_attn.q_proj.weight" : tensor<896x896xf32> {init = #model.normal<0.02>}
    %q_bias = model.parameter "self_attn.q_proj.bias" : tensor<896xf32> {init = #model.zeros}
    %k_proj = model.parameter "self_attn.k_proj.weight" : tensor<128x896xf32> {init = #model.normal<0.02>}
    %k_bias = model.parameter "self_attn.k_proj.bias" : tensor<128xf32> {init = #model.zeros}
    %v_proj = model.parameter "self_attn.v_proj.weight" : tensor<128x896xf32> {init = #model.normal<0.02>}
    %v_bias = model.parameter "self_attn.v_proj.bias" : tensor<128xf32> {init = #model.zeros}
    %q = model.linear %n1, %q_proj, %q_bias : (tensor<?x?x896xf32>, tensor<896x896xf32>, tensor<896xf32>) -> tensor<?x?x896xf32>
    %k = model.linear %n1, %k_proj, %k_bias : (tensor<?x?x896xf32>, tensor<128x896xf32>, tensor<128xf32>) -> tensor<?x?x128xf32>
    %v = model.linear %n1, %v_proj, %v_bias : (tensor<?x?x896xf32>, tensor<128x896xf32>, tensor<128xf32>) -> tensor<?x?x128xf32>
    %qr = model.rope %q {head_size = 64 : i64, theta = 1.0e6 : f32} : tensor<?x?x896xf32>
    %kr = model.rope %k {head_size = 64 : i64, theta = 1.0e6 : f32} : tensor<?x?x128xf32>
    %a = model.attention %qr, %kr, %v {heads = 14 : i64, kv_heads = 2 : i64} : (tensor<?x?x896xf32>, tensor<?x?x128xf32>, tensor<?x?x128xf32>) -> tensor<?x?x896xf32>
    %o_proj = model.parameter "self_attn.o_proj.weight" : tensor<896x896xf32> {init = #model.normal<0.00288675>}
    %o = model.linear %a, %o_proj : (tensor<?x?x896xf32>, tensor<896x896xf32>) -> tensor<?x?x896xf32>
    %h1 = model.add %h, %o : tensor<?x?x896xf32>

    // Feed-forward: SwiGLU.
    %post_norm = model.parameter "post_attention_layernorm.weight" : tensor<896xf32> {init = #model.ones}
    %n2 = model.rms_norm %h1, %post_norm {eps = 1.0e-6 : f32} : (tensor<?x?x896xf32>, tensor<896xf32>) -> tensor<?x?x896xf32>
    %gate_proj = model.parameter "mlp.gate_proj.weight" : tensor<4864x896xf32> {init = #model.normal<0.02>}
    %up_proj = model.parameter "mlp.up_proj.weight" : tensor<4864x896xf32> {init = #model.normal<0.02>}
    %gate = model.linear %n2, %gate_proj : (tensor<?x?x896xf32>, tensor<4864x896xf32>) -> tensor<?x?x4864xf32>
    %up = model.linear %n2, %up_proj : (tensor<?x?x896xf32>, tensor<4864x896xf32>) -> tensor<?x?x4864xf32>
    %s = model.silu %gate : tensor<?x?x4864xf32>
    %g = model.mul %s, %up : tensor<?x?x4864xf32>
    %down_proj = model.parameter "mlp.down_proj.weight" : tensor<896x4864xf32> {init = #model.normal<0.00288675>}
    %m = model.linear %g, %down_proj : (tensor<?x?x4864xf32>, tensor<896x4864xf32>) -> tensor<?x?x896xf32>
    %h2 = model.add %h1, %m : tensor<?x?x896xf32>
    model.yield %h2 : tensor<?x?x896xf32>
  }

  %norm = model.parameter "model.norm.weight" : tensor<896xf32> {init = #model.ones}
  %n = model.rms_norm %y, %norm {eps = 1.0e-6 : f32} : (tensor<?x?x896xf32>, tensor<896xf32>) -> tensor<?x?x896xf32>
  %logits = model.linear %n, %embed : (tensor<?x?x896xf32>, tensor<151936x896xf32>) -> tensor<?x?x151936xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x151936xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
