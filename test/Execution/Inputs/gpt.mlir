// A GPT-2 of two layers: learned positions, LayerNorm, biases, tanh-GELU, tied
// head. 97 tokens: no tile divides the vocabulary.
model.graph @gpt(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %wte = model.parameter "wte.weight" : tensor<97x48xf32> {init = #model.normal<0.05>}
  %wpe = model.parameter "wpe.weight" : tensor<32x48xf32> {init = #model.normal<0.05>}
  %token = model.embedding %tokens, %wte : (tensor<?x?xi32>, tensor<97x48xf32>) -> tensor<?x?x48xf32>
  %position = model.position_embedding %tokens, %wpe : (tensor<?x?xi32>, tensor<32x48xf32>) -> tensor<?x?x48xf32>
  %x = model.add %token, %position : tensor<?x?x48xf32>
  %y = model.repeat 2 named "h" (%h = %x) : tensor<?x?x48xf32> {
    %ln1w = model.parameter "ln_1.weight" : tensor<48xf32> {init = #model.ones}
    %ln1b = model.parameter "ln_1.bias" : tensor<48xf32> {init = #model.zeros}
    %n1 = model.layer_norm %h, %ln1w, %ln1b {eps = 1.0e-5 : f32} : (tensor<?x?x48xf32>, tensor<48xf32>, tensor<48xf32>) -> tensor<?x?x48xf32>
    %aw = model.parameter "attn.c_attn.weight" : tensor<48x144xf32> {init = #model.normal<0.05>}
    %ab = model.parameter "attn.c_attn.bias" : tensor<144xf32> {init = #model.zeros}
    %qkv = model.linear %n1, %aw, %ab {transposed} : (tensor<?x?x48xf32>, tensor<48x144xf32>, tensor<144xf32>) -> tensor<?x?x144xf32>
    %q, %k, %v = model.split %qkv : (tensor<?x?x144xf32>) -> (tensor<?x?x48xf32>, tensor<?x?x48xf32>, tensor<?x?x48xf32>)
    %a = model.attention %q, %k, %v {heads = 3 : i64, kv_heads = 3 : i64} : (tensor<?x?x48xf32>, tensor<?x?x48xf32>, tensor<?x?x48xf32>) -> tensor<?x?x48xf32>
    %pw = model.parameter "attn.c_proj.weight" : tensor<48x48xf32> {init = #model.normal<0.05>}
    %pb = model.parameter "attn.c_proj.bias" : tensor<48xf32> {init = #model.zeros}
    %p = model.linear %a, %pw, %pb {transposed} : (tensor<?x?x48xf32>, tensor<48x48xf32>, tensor<48xf32>) -> tensor<?x?x48xf32>
    %h1 = model.add %h, %p : tensor<?x?x48xf32>
    %ln2w = model.parameter "ln_2.weight" : tensor<48xf32> {init = #model.ones}
    %ln2b = model.parameter "ln_2.bias" : tensor<48xf32> {init = #model.zeros}
    %n2 = model.layer_norm %h1, %ln2w, %ln2b {eps = 1.0e-5 : f32} : (tensor<?x?x48xf32>, tensor<48xf32>, tensor<48xf32>) -> tensor<?x?x48xf32>
    %fw = model.parameter "mlp.c_fc.weight" : tensor<48x192xf32> {init = #model.normal<0.05>}
    %fb = model.parameter "mlp.c_fc.bias" : tensor<192xf32> {init = #model.zeros}
    %f = model.linear %n2, %fw, %fb {transposed} : (tensor<?x?x48xf32>, tensor<48x192xf32>, tensor<192xf32>) -> tensor<?x?x192xf32>
    %g = model.gelu %f : tensor<?x?x192xf32>
    %dw = model.parameter "mlp.c_proj.weight" : tensor<192x48xf32> {init = #model.normal<0.05>}
    %db = model.parameter "mlp.c_proj.bias" : tensor<48xf32> {init = #model.zeros}
    %d = model.linear %g, %dw, %db {transposed} : (tensor<?x?x192xf32>, tensor<192x48xf32>, tensor<48xf32>) -> tensor<?x?x48xf32>
    %h2 = model.add %h1, %d : tensor<?x?x48xf32>
    model.yield %h2 : tensor<?x?x48xf32>
  }
  %lnfw = model.parameter "ln_f.weight" : tensor<48xf32> {init = #model.ones}
  %lnfb = model.parameter "ln_f.bias" : tensor<48xf32> {init = #model.zeros}
  %n = model.layer_norm %y, %lnfw, %lnfb {eps = 1.0e-5 : f32} : (tensor<?x?x48xf32>, tensor<48xf32>, tensor<48xf32>) -> tensor<?x?x48xf32>
  %logits = model.linear %n, %wte : (tensor<?x?x48xf32>, tensor<97x48xf32>) -> tensor<?x?x97xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x97xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
