// A Llama of odd sizes for tests: grouped queries, nothing is a multiple of a tile.
// 2 layers, 48 channels, 6 heads of 8, 2 for keys and values, 104 channels inside, vocabulary 97: 51,792 parameters.
// Names and shapes are those of Hugging Face's checkpoints.

model.graph @tiny_llama(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %embed = model.parameter "model.embed_tokens.weight" : tensor<97x48xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %embed : (tensor<?x?xi32>, tensor<97x48xf32>) -> tensor<?x?x48xf32>

  %y = model.repeat 2 named "model.layers" (%h = %x) : tensor<?x?x48xf32> {
    // Attention.
    %input_norm = model.parameter "input_layernorm.weight" : tensor<48xf32> {init = #model.ones}
    %n1 = model.rms_norm %h, %input_norm {eps = 1.0e-5 : f32} : (tensor<?x?x48xf32>, tensor<48xf32>) -> tensor<?x?x48xf32>
    %q_proj = model.parameter "self_attn.q_proj.weight" : tensor<48x48xf32> {init = #model.normal<0.02>}
    %k_proj = model.parameter "self_attn.k_proj.weight" : tensor<16x48xf32> {init = #model.normal<0.02>}
    %v_proj = model.parameter "self_attn.v_proj.weight" : tensor<16x48xf32> {init = #model.normal<0.02>}
    %q = model.linear %n1, %q_proj : (tensor<?x?x48xf32>, tensor<48x48xf32>) -> tensor<?x?x48xf32>
    %k = model.linear %n1, %k_proj : (tensor<?x?x48xf32>, tensor<16x48xf32>) -> tensor<?x?x16xf32>
    %v = model.linear %n1, %v_proj : (tensor<?x?x48xf32>, tensor<16x48xf32>) -> tensor<?x?x16xf32>
    %qr = model.rope %q {head_size = 8 : i64, theta = 1.0e4 : f32} : tensor<?x?x48xf32>
    %kr = model.rope %k {head_size = 8 : i64, theta = 1.0e4 : f32} : tensor<?x?x16xf32>
    %a = model.attention %qr, %kr, %v {heads = 6 : i64, kv_heads = 2 : i64} : (tensor<?x?x48xf32>, tensor<?x?x16xf32>, tensor<?x?x16xf32>) -> tensor<?x?x48xf32>
    %o_proj = model.parameter "self_attn.o_proj.weight" : tensor<48x48xf32> {init = #model.normal<0.01>}
    %o = model.linear %a, %o_proj : (tensor<?x?x48xf32>, tensor<48x48xf32>) -> tensor<?x?x48xf32>
    %h1 = model.add %h, %o : tensor<?x?x48xf32>

    // Feed-forward: SwiGLU.
    %post_norm = model.parameter "post_attention_layernorm.weight" : tensor<48xf32> {init = #model.ones}
    %n2 = model.rms_norm %h1, %post_norm {eps = 1.0e-5 : f32} : (tensor<?x?x48xf32>, tensor<48xf32>) -> tensor<?x?x48xf32>
    %gate_proj = model.parameter "mlp.gate_proj.weight" : tensor<104x48xf32> {init = #model.normal<0.02>}
    %up_proj = model.parameter "mlp.up_proj.weight" : tensor<104x48xf32> {init = #model.normal<0.02>}
    %gate = model.linear %n2, %gate_proj : (tensor<?x?x48xf32>, tensor<104x48xf32>) -> tensor<?x?x104xf32>
    %up = model.linear %n2, %up_proj : (tensor<?x?x48xf32>, tensor<104x48xf32>) -> tensor<?x?x104xf32>
    %s = model.silu %gate : tensor<?x?x104xf32>
    %g = model.mul %s, %up : tensor<?x?x104xf32>
    %down_proj = model.parameter "mlp.down_proj.weight" : tensor<48x104xf32> {init = #model.normal<0.01>}
    %m = model.linear %g, %down_proj : (tensor<?x?x104xf32>, tensor<48x104xf32>) -> tensor<?x?x48xf32>
    %h2 = model.add %h1, %m : tensor<?x?x48xf32>
    model.yield %h2 : tensor<?x?x48xf32>
  }

  %norm = model.parameter "model.norm.weight" : tensor<48xf32> {init = #model.ones}
  %n = model.rms_norm %y, %norm {eps = 1.0e-5 : f32} : (tensor<?x?x48xf32>, tensor<48xf32>) -> tensor<?x?x48xf32>
  %head = model.parameter "lm_head.weight" : tensor<97x48xf32> {init = #model.normal<0.02>}
  %logits = model.linear %n, %head : (tensor<?x?x48xf32>, tensor<97x48xf32>) -> tensor<?x?x97xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x97xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
