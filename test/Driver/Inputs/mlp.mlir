// The smallest model with a product: for what does not depend on the model.
model.graph @mlp(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %wte = model.parameter "wte" : tensor<64x32xf32> {init = #model.normal<0.02>}
  %w = model.parameter "w" : tensor<32x32xf32> {init = #model.normal<0.02>}
  %head = model.parameter "head" : tensor<64x32xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %wte : (tensor<?x?xi32>, tensor<64x32xf32>) -> tensor<?x?x32xf32>
  %h = model.linear %x, %w : (tensor<?x?x32xf32>, tensor<32x32xf32>) -> tensor<?x?x32xf32>
  %g = model.gelu %h : tensor<?x?x32xf32>
  %logits = model.linear %g, %head : (tensor<?x?x32xf32>, tensor<64x32xf32>) -> tensor<?x?x64xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x64xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
