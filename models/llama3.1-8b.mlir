// Llama 3.1 8B (Grattafiori et al., 2024).
// 32 layers, 4096 channels, 32 heads of 128, 8 for keys and values, 14336 channels inside, vocabulary 128256: 8,030,261,248 parameters.
// Names and shapes are those of Hugging Face's checkpoints.

#scaling = #model.llama3_scaling<factor = 8.0, low = 1.0, high = 4.0, positions = 8192>

model.graph @llama3_1_8b(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %embed = model.parameter "model.embed_tokens.weight" : tensor<128256x4096xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %embed : (tensor<?x?xi32>, tensor<128256x4096xf32>) -> tensor<?x?x4096xf32>

  %y = model.repeat 32 named "model.layers" (%h = %x) : tensor<?x?x4096xf32> {
    // Attention.
    %input_norm = model.parameter "input_layernorm.weight" : tensor<4096xf32> {init = #model.ones}
    %n1 = model.rms_norm %h, %input_norm {eps = 1.0e-5 : f32} : (tensor<?x?x4096xf32>, tensor<4096xf32>) -> tensor<?x?x4096xf32>
    %q_proj = model.parameter "self_attn.q_proj.weight" : tensor<4096x4096xf32> {init = #model.normal<0.02>}
    %k_proj = model.parameter "self_attn.k_proj.weight" : tensor<1024x4096xf32> {init = #model.normal<0.02>}
    %v_proj = model.parameter "self_attn.v_proj.weight" : tensor<1024x4096xf32> {init = #model.normal<0.02>}
    %q = model.linear %n1, %q_proj : (tensor<?x?x4096xf32>, tensor<4096x4096xf32>) -> tensor<?x?x4096xf32>
    %k = model.linear %n1, %k_proj : (tensor<?x?x4096xf32>, tensor<1024x4096xf32>) -> tensor<?x?x1024xf32>
    %v = model.linear %n1, %v_proj : (tensor<?x?x4096xf32>, tensor<1024x4096xf32>) -> tensor<?x?x1024xf32>
    %qr = model.rope %q {head_size = 128 : i64, theta = 5.0e5 : f32, scaling = #scaling} : tensor<?x?x4096xf32>
    %kr = model.rope %k {head_size = 128 : i64, theta = 5.0e5 : f32, scaling = #scaling} : tensor<?x?x1024xf32>
    %a = model.attention %qr, %kr, %v {heads = 32 : i64, kv_heads = 8 : i64} : (tensor<?x?x4096xf32>, tensor<?x?x1024xf32>, tensor<?x?x1024xf32>) -> tensor<?x?x4096xf32>
    %o_proj = model.parameter "self_attn.o_proj.weight" : tensor<4096x4096xf32> {init = #model.normal<0.0025>}
    %o = model.linear %a, %o_proj : (tensor<?x?x4096xf32>, tensor<4096x4096xf32>) -> tensor<?x?x4096xf32>
    %h1 = model.add %h, %o : tensor<?x?x4096xf32>

    // Feed-forward: SwiGLU.
    %post_norm = model.parameter "post_attention_layernorm.weight" : tensor<4096xf32> {init = #model.ones}
    %n2 = model.rms_norm %h1, %post_norm {eps = 1.0e-5 : f32} : (tensor<?x?x4096xf32>, tensor<4096xf32>) -> tensor<?x?x4096xf32>
    %gate_proj = model.parameter "mlp.gate_proj.weight" : tensor<14336x4096xf32> {init = #model.normal<0.02>}
    %up_proj = model.parameter "mlp.up_proj.weight" : tensor<14336x4096xf32> {init = #model.normal<0.02>}
    %gate = model.linear %n2, %gate_proj : (tensor<?x?x4096xf32>, tensor<14336x4096xf32>) -> tensor<?x?x14336xf32>
    %up = model.linear %n2, %up_proj : (tensor<?x?x4096xf32>, tensor<14336x4096xf32>) -> tensor<?x?x14336xf32>
    %s = model.silu %gate : tensor<?x?x14336xf32>
    %g = model.mul %s, %up : tensor<?x?x14336xf32>
    %down_proj = model.parameter "mlp.down_proj.weight" : tensor<4096x14336xf32> {init = #model.normal<0.0025>}
    %m = model.linear %g, %down_proj : (tensor<?x?x14336xf32>, tensor<4096x14336xf32>) -> tensor<?x?x4096xf32>
    %h2 = model.add %h1, %m : tensor<?x?x4096xf32>
    model.yield %h2 : tensor<?x?x4096xf32>
  }

  %norm = model.parameter "model.norm.weight" : tensor<4096xf32> {init = #model.ones}
  %n = model.rms_norm %y, %norm {eps = 1.0e-5 : f32} : (tensor<?x?x4096xf32>, tensor<4096xf32>) -> tensor<?x?x4096xf32>
  %head = model.parameter "lm_head.weight" : tensor<128256x4096xf32> {init = #model.normal<0.02>}
  %logits = model.linear %n, %head : (tensor<?x?x4096xf32>, tensor<128256x4096xf32>) -> tensor<?x?x128256xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x128256xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
