// Llama 2 13B (Touvron et al., 2023).
// 40 layers, 5120 channels, 40 heads of 128, 13824 channels inside, vocabulary 32000: 13,015,864,320 parameters.
// Names and shapes are those of Hugging Face's checkpoints.

model.graph @llama2_13b(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %embed = model.parameter "model.embed_tokens.weight" : tensor<32000x5120xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %embed : (tensor<?x?xi32>, tensor<32000x5120xf32>) -> tensor<?x?x5120xf32>

  %y = model.repeat 40 named "model.layers" (%h = %x) : tensor<?x?x5120xf32> {
    // Attention.
    %input_norm = model.parameter "input_layernorm.weight" : tensor<5120xf32> {init = #model.ones}
    %n1 = model.rms_norm %h, %input_norm {eps = 1.0e-5 : f32} : (tensor<?x?x5120xf32>, tensor<5120xf32>) -> tensor<?x?x5120xf32>
    %q_proj = model.parameter "self_attn.q_proj.weight" : tensor<5120x5120xf32> {init = #model.normal<0.02>}
    %k_proj = model.parameter "self_attn.k_proj.weight" : tensor<5120x5120xf32> {init = #model.normal<0.02>}
    %v_proj = model.parameter "self_attn.v_proj.weight" : tensor<5120x5120xf32> {init = #model.normal<0.02>}
    %q = model.linear %n1, %q_proj : (tensor<?x?x5120xf32>, tensor<5120x5120xf32>) -> tensor<?x?x5120xf32>
    %k = model.linear %n1, %k_proj : (tensor<?x?x5120xf32>, tensor<5120x5120xf32>) -> tensor<?x?x5120xf32>
    %v = model.linear %n1, %v_proj : (tensor<?x?x5120xf32>, tensor<5120x5120xf32>) -> tensor<?x?x5120xf32>
    %qr = model.rope %q {head_size = 128 : i64, theta = 1.0e4 : f32} : tensor<?x?x5120xf32>
    %kr = model.rope %k {head_size = 128 : i64, theta = 1.0e4 : f32} : tensor<?x?x5120xf32>
    %a = model.attention %qr, %kr, %v {heads = 40 : i64, kv_heads = 40 : i64} : (tensor<?x?x5120xf32>, tensor<?x?x5120xf32>, tensor<?x?x5120xf32>) -> tensor<?x?x5120xf32>
    %o_proj = model.parameter "self_attn.o_proj.weight" : tensor<5120x5120xf32> {init = #model.normal<0.00223607>}
    %o = model.linear %a, %o_proj : (tensor<?x?x5120xf32>, tensor<5120x5120xf32>) -> tensor<?x?x5120xf32>
    %h1 = model.add %h, %o : tensor<?x?x5120xf32>

    // Feed-forward: SwiGLU.
    %post_norm = model.parameter "post_attention_layernorm.weight" : tensor<5120xf32> {init = #model.ones}
    %n2 = model.rms_norm %h1, %post_norm {eps = 1.0e-5 : f32} : (tensor<?x?x5120xf32>, tensor<5120xf32>) -> tensor<?x?x5120xf32>
    %gate_proj = model.parameter "mlp.gate_proj.weight" : tensor<13824x5120xf32> {init = #model.normal<0.02>}
    %up_proj = model.parameter "mlp.up_proj.weight" : tensor<13824x5120xf32> {init = #model.normal<0.02>}
    %gate = model.linear %n2, %gate_proj : (tensor<?x?x5120xf32>, tensor<13824x5120xf32>) -> tensor<?x?x13824xf32>
    %up = model.linear %n2, %up_proj : (tensor<?x?x5120xf32>, tensor<13824x5120xf32>) -> tensor<?x?x13824xf32>
    %s = model.silu %gate : tensor<?x?x13824xf32>
    %g = model.mul %s, %up : tensor<?x?x13824xf32>
    %down_proj = model.parameter "mlp.down_proj.weight" : tensor<5120x13824xf32> {init = #model.normal<0.00223607>}
    %m = model.linear %g, %down_proj : (tensor<?x?x13824xf32>, tensor<5120x13824xf32>) -> tensor<?x?x5120xf32>
    %h2 = model.add %h1, %m : tensor<?x?x5120xf32>
    model.yield %h2 : tensor<?x?x5120xf32>
  }

  %norm = model.parameter "model.norm.weight" : tensor<5120xf32> {init = #model.ones}
  %n = model.rms_norm %y, %norm {eps = 1.0e-5 : f32} : (tensor<?x?x5120xf32>, tensor<5120xf32>) -> tensor<?x?x5120xf32>
  %head = model.parameter "lm_head.weight" : tensor<32000x5120xf32> {init = #model.normal<0.02>}
  %logits = model.linear %n, %head : (tensor<?x?x5120xf32>, tensor<32000x5120xf32>) -> tensor<?x?x32000xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x32000xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
