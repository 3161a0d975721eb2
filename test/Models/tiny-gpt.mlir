// A GPT-2 of odd sizes for tests: nothing is a multiple of a vector or a tile.
// 2 layers, 40 channels, 5 heads of 8, vocabulary 97, 35 positions: 44,800 parameters.
// Names and shapes are those of Hugging Face's checkpoints, where a linear layer's weight is
// [inputs, outputs] ("transposed"). The head is tied to the token embedding.

model.graph @tiny_gpt(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %wte = model.parameter "wte.weight" : tensor<97x40xf32> {init = #model.normal<0.02>}
  %wpe = model.parameter "wpe.weight" : tensor<35x40xf32> {init = #model.normal<0.02>}
  %token = model.embedding %tokens, %wte : (tensor<?x?xi32>, tensor<97x40xf32>) -> tensor<?x?x40xf32>
  %position = model.position_embedding %tokens, %wpe : (tensor<?x?xi32>, tensor<35x40xf32>) -> tensor<?x?x40xf32>
  %x = model.add %token, %position : tensor<?x?x40xf32>

  %y = model.repeat 2 named "h" (%h = %x) : tensor<?x?x40xf32> {
    // Attention.
    %ln_1_w = model.parameter "ln_1.weight" : tensor<40xf32> {init = #model.ones}
    %ln_1_b = model.parameter "ln_1.bias" : tensor<40xf32> {init = #model.zeros}
    %n1 = model.layer_norm %h, %ln_1_w, %ln_1_b {eps = 1.0e-5 : f32} : (tensor<?x?x40xf32>, tensor<40xf32>, tensor<40xf32>) -> tensor<?x?x40xf32>
    %attn_w = model.parameter "attn.c_attn.weight" : tensor<40x120xf32> {init = #model.normal<0.02>}
    %attn_b = model.parameter "attn.c_attn.bias" : tensor<120xf32> {init = #model.zeros}
    %qkv = model.linear %n1, %attn_w, %attn_b {transposed} : (tensor<?x?x40xf32>, tensor<40x120xf32>, tensor<120xf32>) -> tensor<?x?x120xf32>
    %q, %k, %v = model.split %qkv : (tensor<?x?x120xf32>) -> (tensor<?x?x40xf32>, tensor<?x?x40xf32>, tensor<?x?x40xf32>)
    %a = model.attention %q, %k, %v {heads = 5 : i64, kv_heads = 5 : i64} : (tensor<?x?x40xf32>, tensor<?x?x40xf32>, tensor<?x?x40xf32>) -> tensor<?x?x40xf32>
    %attn_proj_w = model.parameter "attn.c_proj.weight" : tensor<40x40xf32> {init = #model.normal<0.01>}
    %attn_proj_b = model.parameter "attn.c_proj.bias" : tensor<40xf32> {init = #model.zeros}
    %o = model.linear %a, %attn_proj_w, %attn_proj_b {transposed} : (tensor<?x?x40xf32>, tensor<40x40xf32>, tensor<40xf32>) -> tensor<?x?x40xf32>
    %h1 = model.add %h, %o : tensor<?x?x40xf32>

    // Feed-forward.
    %ln_2_w = model.parameter "ln_2.weight" : tensor<40xf32> {init = #model.ones}
    %ln_2_b = model.parameter "ln_2.bias" : tensor<40xf32> {init = #model.zeros}
    %n2 = model.layer_norm %h1, %ln_2_w, %ln_2_b {eps = 1.0e-5 : f32} : (tensor<?x?x40xf32>, tensor<40xf32>, tensor<40xf32>) -> tensor<?x?x40xf32>
    %fc_w = model.parameter "mlp.c_fc.weight" : tensor<40x160xf32> {init = #model.normal<0.02>}
    %fc_b = model.parameter "mlp.c_fc.bias" : tensor<160xf32> {init = #model.zeros}
    %fc = model.linear %n2, %fc_w, %fc_b {transposed} : (tensor<?x?x40xf32>, tensor<40x160xf32>, tensor<160xf32>) -> tensor<?x?x160xf32>
    %g = model.gelu %fc : tensor<?x?x160xf32>
    %proj_w = model.parameter "mlp.c_proj.weight" : tensor<160x40xf32> {init = #model.normal<0.01>}
    %proj_b = model.parameter "mlp.c_proj.bias" : tensor<40xf32> {init = #model.zeros}
    %m = model.linear %g, %proj_w, %proj_b {transposed} : (tensor<?x?x160xf32>, tensor<160x40xf32>, tensor<40xf32>) -> tensor<?x?x40xf32>
    %h2 = model.add %h1, %m : tensor<?x?x40xf32>
    model.yield %h2 : tensor<?x?x40xf32>
  }

  %ln_f_w = model.parameter "ln_f.weight" : tensor<40xf32> {init = #model.ones}
  %ln_f_b = model.parameter "ln_f.bias" : tensor<40xf32> {init = #model.zeros}
  %n = model.layer_norm %y, %ln_f_w, %ln_f_b {eps = 1.0e-5 : f32} : (tensor<?x?x40xf32>, tensor<40xf32>, tensor<40xf32>) -> tensor<?x?x40xf32>
  %logits = model.linear %n, %wte : (tensor<?x?x40xf32>, tensor<97x40xf32>) -> tensor<?x?x97xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x97xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
