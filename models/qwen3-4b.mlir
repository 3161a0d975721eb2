// Qwen3 4B (Yang et al., 2025).
// 36 layers, 2560 channels, 32 heads of 128, 8 for keys and values, 9728 channels inside, vocabulary 151936, tied head: 4,022,468,096 parameters.
// Names and shapes are those of Hugging Face's checkpoints.

model.graph @qwen3_4b(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %embed = model.parameter "model.embed_tokens.weight" : tensor<151936x2560xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %embed : (tensor<?x?xi32>, tensor<151936x2560xf32>) -> tensor<?x?x2560xf32>

  %y = model.repeat 36 named "model.layers" (%h = %x) : tensor<?x?x2560xf32> {
    // Attention; each head of the queries and of the keys is normed.
    %input_norm = model.parameter "input_layernorm.weight" : tensor<2560xf32> {init = #model.ones}
    %n1 = model.rms_norm %h, %input_norm {eps = 1.0e-6 : f32} : (tensor<?x?x2560xf32>, tensor<2560xf32>) -> tensor<?x?x2560xf32>
    %q_proj = model.parameter "self_attn.q_proj.weight" : tensor<4096x2560xf32> {init = #model.normal<0.02>}
    %k_proj = model.parameter "self_attn.k_proj.weight" : tensor<1024x2560xf32> {init = #model.normal<0.02>}
    %v_proj = model.parameter "self_attn.v_proj.weight" : tensor<1024x2560xf32> {init = #model.normal<0.02>}
    %q = model.linear %n1, %q_proj : (tensor<?x?x2560xf32>, tensor<4096x2560xf32>) -> tensor<?x?x4096xf32>
    %k = model.linear %n1, %k_proj : (tensor<?x?x2560xf32>, tensor<1024x2560xf32>) -> tensor<?x?x1024xf32>
    %v = model.linear %n1, %v_proj : (tensor<?x?x2560xf32>, tensor<1024x2560xf32>) -> tensor<?x?x1024xf32>
    %q_norm = model.parameter "self_attn.q_norm.weight" : tensor<128xf32> {init = #model.ones}
    %k_norm = model.parameter "self_attn.k_norm.weight" : tensor<128xf32> {init = #model.ones}
    %qn = model.rms_norm %q, %q_norm {eps = 1.0e-6 : f32, head_size = 128 : i64} : (tensor<?x?x4096xf32>, tensor<128xf32>) -> tensor<?x?x4096xf32>
    %kn = model.rms_norm %k, %k_norm {eps = 1.0e-6 : f32, head_size = 128 : i64} : (tensor<?x?x1024xf32>, tensor<128xf32>) -> tensor<?x?x1024xf32>
    %qr = model.rope %qn {head_size = 128 : i64, theta = 1.0e6 : f32} : tensor<?x?x4096xf32>
    %kr = model.rope %kn {head_size = 128 : i64, theta = 1.0e6 : f32} : tensor<?x?x1024xf32>
    %a = model.attention %qr, %kr, %v {heads = 32 : i64, kv_heads = 8 : i64} : (tensor<?x?x4096xf32>, tensor<?x?x1024xf32>, tensor<?x?x1024xf32>) -> tensor<?x?x4096xf32>
    %o_proj = model.parameter "self_attn.o_proj.weight" : tensor<2560x4096xf32> {init = #model.normal<0.00235702>}
    %o = model.linear %a, %o_proj : (tensor<?x?x4096xf32>, tensor<2560x4096xf32>) -> tensor<?x?x2560xf32>
    %h1 = model.add %h, %o : tensor<?x?x2560xf32>

    // Feed-forward: SwiGLU.
    %post_norm = model.parameter "post_attention_layernorm.weight" : tensor<2560xf32> {init = #model.ones}
    %n2 = model.rms_norm %h1, %post_norm {eps = 1.0e-6 : f32} : (tensor<?x?x2560xf32>, tensor<2560xf32>) -> tensor<?x?x2560xf32>
    %gate_proj = model.parameter "mlp.gate_proj.weight" : tensor<9728x2560xf32> {init = #model.normal<0.02>}
    %up_proj = model.parameter "mlp.up_proj.weight" : tensor<9728x2560xf32> {init = #model.normal<0.02>}
    %gate = model.linear %n2, %gate_proj : (tensor<?x?x2560xf32>, tensor<9728x2560xf32>) -> tensor<?x?x9728xf32>
    %up = model.linear %n2, %up_proj : (tensor<?x?x2560xf32>, tensor<9728x2560xf32>) -> tensor<?x?x9728xf32>
    %s = model.silu %gate : tensor<?x?x9728xf32>
    %g = model.mul %s, %up : tensor<?x?x9728xf32>
    %down_proj = model.parameter "mlp.down_proj.weight" : tensor<2560x9728xf32> {init = #model.normal<0.00235702>}
    %m = model.linear %g, %down_proj : (tensor<?x?x9728xf32>, tensor<2560x9728xf32>) -> tensor<?x?x2560xf32>
    %h2 = model.add %h1, %m : tensor<?x?x2560xf32>
    model.yield %h2 : tensor<?x?x2560xf32>
  }

  %norm = model.parameter "model.norm.weight" : tensor<2560xf32> {init = #model.ones}
  %n = model.rms_norm %y, %norm {eps = 1.0e-6 : f32} : (tensor<?x?x2560xf32>, tensor<2560xf32>) -> tensor<?x?x2560xf32>
  %logits = model.linear %n, %embed : (tensor<?x?x2560xf32>, tensor<151936x2560xf32>) -> tensor<?x?x151936xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x151936xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
