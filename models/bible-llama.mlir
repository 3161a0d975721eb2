// A small Llama over bytes, for a first run on a laptop: the King James Bible.
// 4 layers, 192 channels, 6 heads of 32, 2 for keys and values, 512 channels inside, vocabulary 256: 1,672,896 parameters.
// Names and shapes are those of Hugging Face's checkpoints.

model.graph @bible_llama(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %embed = model.parameter "model.embed_tokens.weight" : tensor<256x192xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %embed : (tensor<?x?xi32>, tensor<256x192xf32>) -> tensor<?x?x192xf32>

  %y = model.repeat 4 named "model.layers" (%h = %x) : tensor<?x?x192xf32> {
    // Attention.
    %input_norm = model.parameter "input_layernorm.weight" : tensor<192xf32> {init = #model.ones}
    %n1 = model.rms_norm %h, %input_norm {eps = 1.0e-5 : f32} : (tensor<?x?x192xf32>, tensor<192xf32>) -> tensor<?x?x192xf32>
    %q_proj = model.parameter "self_attn.q_proj.weight" : tensor<192x192xf32> {init = #model.normal<0.02>}
    %k_proj = model.parameter "self_attn.k_proj.weight" : tensor<64x192xf32> {init = #model.normal<0.02>}
    %v_proj = model.parameter "self_attn.v_proj.weight" : tensor<64x192xf32> {init = #model.normal<0.02>}
    %q = model.linear %n1, %q_proj : (tensor<?x?x192xf32>, tensor<192x192xf32>) -> tensor<?x?x192xf32>
    %k = model.linear %n1, %k_proj : (tensor<?x?x192xf32>, tensor<64x192xf32>) -> tensor<?x?x64xf32>
    %v = model.linear %n1, %v_proj : (tensor<?x?x192xf32>, tensor<64x192xf32>) -> tensor<?x?x64xf32>
    %qr = model.rope %q {head_size = 32 : i64, theta = 1.0e4 : f32} : tensor<?x?x192xf32>
    %kr = model.rope %k {head_size = 32 : i64, theta = 1.0e4 : f32} : tensor<?x?x64xf32>
    %a = model.attention %qr, %kr, %v {heads = 6 : i64, kv_heads = 2 : i64} : (tensor<?x?x192xf32>, tensor<?x?x64xf32>, tensor<?x?x64xf32>) -> tensor<?x?x192xf32>
    %o_proj = model.parameter "self_attn.o_proj.weight" : tensor<192x192xf32> {init = #model.normal<0.00707107>}
    %o = model.linear %a, %o_proj : (tensor<?x?x192xf32>, tensor<192x192xf32>) -> tensor<?x?x192xf32>
    %h1 = model.add %h, %o : tensor<?x?x192xf32>

    // Feed-forward: SwiGLU.
    %post_norm = model.parameter "post_attention_layernorm.weight" : tensor<192xf32> {init = #model.ones}
    %n2 = model.rms_norm %h1, %post_norm {eps = 1.0e-5 : f32} : (tensor<?x?x192xf32>, tensor<192xf32>) -> tensor<?x?x192xf32>
    %gate_proj = model.parameter "mlp.gate_proj.weight" : tensor<512x192xf32> {init = #model.normal<0.02>}
    %up_proj = model.parameter "mlp.up_proj.weight" : tensor<512x192xf32> {init = #model.normal<0.02>}
    %gate = model.linear %n2, %gate_proj : (tensor<?x?x192xf32>, tensor<512x192xf32>) -> tensor<?x?x512xf32>
    %up = model.linear %n2, %up_proj : (tensor<?x?x192xf32>, tensor<512x192xf32>) -> tensor<?x?x512xf32>
    %s = model.silu %gate : tensor<?x?x512xf32>
    %g = model.mul %s, %up : tensor<?x?x512xf32>
    %down_proj = model.parameter "mlp.down_proj.weight" : tensor<192x512xf32> {init = #model.normal<0.00707107>}
    %m = model.linear %g, %down_proj : (tensor<?x?x512xf32>, tensor<192x512xf32>) -> tensor<?x?x192xf32>
    %h2 = model.add %h1, %m : tensor<?x?x192xf32>
    model.yield %h2 : tensor<?x?x192xf32>
  }

  %norm = model.parameter "model.norm.weight" : tensor<192xf32> {init = #model.ones}
  %n = model.rms_norm %y, %norm {eps = 1.0e-5 : f32} : (tensor<?x?x192xf32>, tensor<192xf32>) -> tensor<?x?x192xf32>
  %head = model.parameter "lm_head.weight" : tensor<256x192xf32> {init = #model.normal<0.02>}
  %logits = model.linear %n, %head : (tensor<?x?x192xf32>, tensor<256x192xf32>) -> tensor<?x?x256xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x256xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
