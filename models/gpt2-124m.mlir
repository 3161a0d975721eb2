// GPT-2 small (Radford et al., 2019).
// 12 layers, 768 channels, 12 heads of 64, vocabulary 50257, 1024 positions: 124,439,808 parameters.
// Names and shapes are those of Hugging Face's checkpoints, where a linear layer's weight is
// [inputs, outputs] ("transposed"). The head is tied to the token embedding.

model.graph @gpt2_124m(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %wte = model.parameter "wte.weight" : tensor<50257x768xf32> {init = #model.normal<0.02>}
  %wpe = model.parameter "wpe.weight" : tensor<1024x768xf32> {init = #model.normal<0.02>}
  %token = model.embedding %tokens, %wte : (tensor<?x?xi32>, tensor<50257x768xf32>) -> tensor<?x?x768xf32>
  %position = model.position_embedding %tokens, %wpe : (tensor<?x?xi32>, tensor<1024x768xf32>) -> tensor<?x?x768xf32>
  %x = model.add %token, %position : tensor<?x?x768xf32>

  %y = model.repeat 12 named "h" (%h = %x) : tensor<?x?x768xf32> {
    // Attention.
    %ln_1_w = model.parameter "ln_1.weight" : tensor<768xf32> {init = #model.ones}
    %ln_1_b = model.parameter "ln_1.bias" : tensor<768xf32> {init = #model.zeros}
    %n1 = model.layer_norm %h, %ln_1_w, %ln_1_b {eps = 1.0e-5 : f32} : (tensor<?x?x768xf32>, tensor<768xf32>, tensor<768xf32>) -> tensor<?x?x768xf32>
    %attn_w = model.parameter "attn.c_attn.weight" : tensor<768x2304xf32> {init = #model.normal<0.02>}
    %attn_b = model.parameter "attn.c_attn.bias" : tensor<2304xf32> {init = #model.zeros}
    %qkv = model.linear %n1, %attn_w, %attn_b {transposed} : (tensor<?x?x768xf32>, tensor<768x2304xf32>, tensor<2304xf32>) -> tensor<?x?x2304xf32>
    %q, %k, %v = model.split %qkv : (tensor<?x?x2304xf32>) -> (tensor<?x?x768xf32>, tensor<?x?x768xf32>, tensor<?x?x768xf32>)
    %a = model.attention %q, %k, %v {heads = 12 : i64, kv_heads = 12 : i64} : (tensor<?x?x768xf32>, tensor<?x?x768xf32>, tensor<?x?x768xf32>) -> tensor<?x?x768xf32>
    %attn_proj_w = model.parameter "attn.c_proj.weight" : tensor<768x768xf32> {init = #model.normal<0.00408248>}
    %attn_proj_b = model.parameter "attn.c_proj.bias" : tensor<768xf32> {init = #model.zeros}
    %o = model.linear %a, %attn_proj_w, %attn_proj_b {transposed} : (tensor<?x?x768xf32>, tensor<768x768xf32>, tensor<768xf32>) -> tensor<?x?x768xf32>
    %h1 = model.add %h, %o : tensor<?x?x768xf32>

    // Feed-forward.
    %ln_2_w = model.parameter "ln_2.weight" : tensor<768xf32> {init = #model.ones}
    %ln_2_b = model.parameter "ln_2.bias" : tensor<768xf32> {init = #model.zeros}
    %n2 = model.layer_norm %h1, %ln_2_w, %ln_2_b {eps = 1.0e-5 : f32} : (tensor<?x?x768xf32>, tensor<768xf32>, tensor<768xf32>) -> tensor<?x?x768xf32>
    %fc_w = model.parameter "mlp.c_fc.weight" : tensor<768x3072xf32> {init = #model.normal<0.02>}
    %fc_b = model.parameter "mlp.c_fc.bias" : tensor<3072xf32> {init = #model.zeros}
    %fc = model.linear %n2, %fc_w, %fc_b {transposed} : (tensor<?x?x768xf32>, tensor<768x3072xf32>, tensor<3072xf32>) -> tensor<?x?x3072xf32>
    %g = model.gelu %fc : tensor<?x?x3072xf32>
    %proj_w = model.parameter "mlp.c_proj.weight" : tensor<3072x768xf32> {init = #model.normal<0.00408248>}
    %proj_b = model.parameter "mlp.c_proj.bias" : tensor<768xf32> {init = #model.zeros}
    %m = model.linear %g, %proj_w, %proj_b {transposed} : (tensor<?x?x3072xf32>, tensor<3072x768xf32>, tensor<768xf32>) -> tensor<?x?x768xf32>
    %h2 = model.add %h1, %m : tensor<?x?x768xf32>
    model.yield %h2 : tensor<?x?x768xf32>
  }

  %ln_f_w = model.parameter "ln_f.weight" : tensor<768xf32> {init = #model.ones}
  %ln_f_b = model.parameter "ln_f.bias" : tensor<768xf32> {init = #model.zeros}
  %n = model.layer_norm %y, %ln_f_w, %ln_f_b {eps = 1.0e-5 : f32} : (tensor<?x?x768xf32>, tensor<768xf32>, tensor<768xf32>) -> tensor<?x?x768xf32>
  %logits = model.linear %n, %wte : (tensor<?x?x768xf32>, tensor<50257x768xf32>) -> tensor<?x?x50257xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x50257xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
