// Qwen2.5 1.5B (Yang et al., 2024).
// 28 layers, 1536 channels, 12 heads of 128, 2 for keys and values, 8960 channels inside, vocabulary 151936, tied head: 1,543,714,304 parameters.
// Names and shapes are those of Hugging Face's checkpoints.

model.graph @qwen2_5_1_5b(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %embed = model.parameter "model.embed_tokens.weight" : tensor<151936x1536xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %embed : (tensor<?x?xi32>, tensor<151936x1536xf32>) -> tensor<?x?x1536xf32>

  %y = model.repeat 28 named "model.layers" (%h = %x) : tensor<?x?x1536xf32> {
    // Attention.
    %input_norm = model.parameter "input_layernorm.weight" : tensor<1536xf32> {init = #model.ones}
    %n1 = model.rms_norm %h, %input_norm {eps = 1.0e-6 : f32} : (tensor<?x?x1536xf32>, tensor<1536xf32>) -> tensor<?x?x1536xf32>
    %q_proj = model.parameter "self_attn.q_proj.weight" : tensor<1536x1536xf32> {init = #model.normal<0.02>}
    %q_bias = model.parameter "self_attn.q_proj.bias" : tensor<1536xf32> {init = #model.zeros}
    %k_proj = model.parameter "self_attn.k_proj.weight" : tensor<256x1536xf32> {init = #model.normal<0.02>}
    %k_bias = model.parameter "self_attn.k_proj.bias" : tensor<256xf32> {init = #model.zeros}
    %v_proj = model.parameter "self_attn.v_proj.weight" : tensor<256x1536xf32> {init = #model.normal<0.02>}
    %v_bias = model.parameter "self_attn.v_proj.bias" : tensor<256xf32> {init = #model.zeros}
    %q = model.linear %n1, %q_proj, %q_bias : (tensor<?x?x1536xf32>, tensor<1536x1536xf32>, tensor<1536xf32>) -> tensor<?x?x1536xf32>
    %k = model.linear %n1, %k_proj, %k_bias : (tensor<?x?x1536xf32>, tensor<256x1536xf32>, tensor<256xf32>) -> tensor<?x?x256xf32>
    %v = model.linear %n1, %v_proj, %v_bias : (tensor<?x?x1536xf32>, tensor<256x1536xf32>, tensor<256xf32>) -> tensor<?x?x256xf32>
    %qr = model.rope %q {head_size = 128 : i64, theta = 1.0e6 : f32} : tensor<?x?x1536xf32>
    %kr = model.rope %k {head_size = 128 : i64, theta = 1.0e6 : f32} : tensor<?x?x256xf32>
    %a = model.attention %qr, %kr, %v {heads = 12 : i64, kv_heads = 2 : i64} : (tensor<?x?x1536xf32>, tensor<?x?x256xf32>, tensor<?x?x256xf32>) -> tensor<?x?x1536xf32>
    %o_proj = model.parameter "self_attn.o_proj.weight" : tensor<1536x1536xf32> {init = #model.normal<0.00267261>}
    %o = model.linear %a, %o_proj : (tensor<?x?x1536xf32>, tensor<1536x1536xf32>) -> tensor<?x?x1536xf32>
    %h1 = model.add %h, %o : tensor<?x?x1536xf32>

    // Feed-forward: SwiGLU.
    %post_norm = model.parameter "post_attention_layernorm.weight" : tensor<1536xf32> {init = #model.ones}
    %n2 = model.rms_norm %h1, %post_norm {eps = 1.0e-6 : f32} : (tensor<?x?x1536xf32>, tensor<1536xf32>) -> tensor<?x?x1536xf32>
    %gate_proj = model.parameter "mlp.gate_proj.weight" : tensor<8960x1536xf32> {init = #model.normal<0.02>}
    %up_proj = model.parameter "mlp.up_proj.weight" : tensor<8960x1536xf32> {init = #model.normal<0.02>}
    %gate = model.linear %n2, %gate_proj : (tensor<?x?x1536xf32>, tensor<8960x1536xf32>) -> tensor<?x?x8960xf32>
    %up = model.linear %n2, %up_proj : (tensor<?x?x1536xf32>, tensor<8960x1536xf32>) -> tensor<?x?x8960xf32>
    %s = model.silu %gate : tensor<?x?x8960xf32>
    %g = model.mul %s, %up : tensor<?x?x8960xf32>
    %down_proj = model.parameter "mlp.down_proj.weight" : tensor<1536x8960xf32> {init = #model.normal<0.00267261>}
    %m = model.linear %g, %down_proj : (tensor<?x?x8960xf32>, tensor<1536x8960xf32>) -> tensor<?x?x1536xf32>
    %h2 = model.add %h1, %m : tensor<?x?x1536xf32>
    model.yield %h2 : tensor<?x?x1536xf32>
  }

  %norm = model.parameter "model.norm.weight" : tensor<1536xf32> {init = #model.ones}
  %n = model.rms_norm %y, %norm {eps = 1.0e-6 : f32} : (tensor<?x?x1536xf32>, tensor<1536xf32>) -> tensor<?x?x1536xf32>
  %logits = model.linear %n, %embed : (tensor<?x?x1536xf32>, tensor<151936x1536xf32>) -> tensor<?x?x151936xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x151936xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
