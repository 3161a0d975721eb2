"""Random graphs of the model dialect: what the vocabulary allows, likely or not.

A `Writer` draws a model (blocks, widths, heads, norms, biases, ties of any kind), a
shape and options of the compiler from a random.Random.
"""

IDS = "tensor<?x?xi32>"


class Writer:
    """The text of one random model."""

    def __init__(self, chance):
        self.chance = chance
        self.lines, self.names = [], 0
        self.width = chance.choice([16, 32, 48, 64, 80, 96, 100, 128, 30, 7])
        self.vocabulary = chance.choice([11, 61, 97, 128, 257, 300])
        self.sequence = chance.choice([1, 2, 7, 16, 19, 33, 64, 65, 83])
        self.batch = chance.choice([1, 1, 2, 3, 4])
        self.accumulate = chance.choice([1, 1, 2, 3])

    def add(self, text):
        self.lines.append(text)

    def name(self):
        self.names += 1
        return f"%v{self.names}"

    @staticmethod
    def type(width):
        return f"tensor<?x?x{width}xf32>"

    def parameter(self, shape, init, kind):
        name = self.name()
        self.add(
            f'{name} = model.parameter "p{self.names}.{kind}" : '
            f"tensor<{'x'.join(map(str, shape))}xf32> {{init = #model.{init}}}"
        )
        return name

    def unary(self, op, x, width):
        name = self.name()
        self.add(f"{name} = model.{op} {x} : {self.type(width)}")
        return name

    def binary(self, op, x, y, width):
        name = self.name()
        self.add(f"{name} = model.{op} {x}, {y} : {self.type(width)}")
        return name

    def linear(self, x, inputs, outputs, weight=None):
        transposed = self.chance.random() < 0.3 and weight is None
        shape = (inputs, outputs) if transposed else (outputs, inputs)
        spread = self.chance.choice(["0.05", "0.1", "0.02"])
        weight = weight or self.parameter(shape, f"normal<{spread}>", "weight")
        operands, types = f"{x}, {weight}", [self.type(inputs)]
        types.append(f"tensor<{shape[0]}x{shape[1]}xf32>")
        if self.chance.random() < 0.4:
            init = self.chance.choice(["zeros", "normal<0.05>"])
            operands += ", " + self.parameter((outputs,), init, "bias")
            types.append(f"tensor<{outputs}xf32>")
        name = self.name()
        self.add(
            f"{name} = model.linear {operands}{' {transposed}' if transposed else ''}"
            f" : ({', '.join(types)}) -> {self.type(outputs)}"
        )
        return name

    def norm(self, x, width, certain=False):
        kind = self.chance.choice(["rms", "rms", "layer", "layer", "none"])
        if kind == "none" and not certain:
            return x
        eps = self.chance.choice(["1.0e-5", "1.0e-6", "1.0e-3"])
        weight = self.parameter((width,), "ones", "weight")
        operands, types = f"{x}, {weight}", [self.type(width), f"tensor<{width}xf32>"]
        op = "rms_norm"
        if kind == "layer":
            op = "layer_norm"
            operands += ", " + self.parameter((width,), "zeros", "bias")
            types.append(types[1])
        name = self.name()
        self.add(
            f"{name} = model.{op} {operands} {{eps = {eps} : f32}} : "
            f"({', '.join(types)}) -> {self.type(width)}"
        )
        return name

    def head_norm(self, x, width, size):
        eps = self.chance.choice(["1.0e-5", "1.0e-6", "1.0e-3"])
        weight = self.parameter((size,), "ones", "weight")
        name = self.name()
        self.add(
            f"{name} = model.rms_norm {x}, {weight} {{eps = {eps} : f32, head_size = "
            f"{size} : i64}} : ({self.type(width)}, tensor<{size}xf32>) -> "
            f"{self.type(width)}"
        )
        return name

    def split(self, x, widths):
        names = [self.name() for _ in widths]
        self.add(
            f"{', '.join(names)} = model.split {x} : ({self.type(sum(widths))}) -> "
            f"({', '.join(map(self.type, widths))})"
        )
        return names

    def rope(self, x, width, size):
        theta = self.chance.choice(["10000.0", "500000.0", "100.0"])
        name = self.name()
        self.add(
            f"{name} = model.rope {x} {{head_size = {size} : i64, theta = {theta} : f32}}"
            f" : {self.type(width)}"
        )
        return name

    def attention(self, x):
        chance = self.chance
        size = chance.choice([16, 16, 32, 32, 48, 64, 80, 96, 112, 128, 10, 256])
        kv_heads = chance.choice([1, 1, 2, 3])
        heads = kv_heads * chance.choice([1, 1, 2, 3, 4])
        wide, narrow = heads * size, kv_heads * size
        if chance.random() < 0.4:
            parts = [wide, narrow, narrow]
            fused = self.linear(x, self.width, sum(parts))
            q, k, v = self.split(fused, parts)
        else:
            q = self.linear(x, self.width, wide)
            k = self.linear(x, self.width, narrow)
            v = k if chance.random() < 0.1 else self.linear(x, self.width, narrow)
        normed = chance.random()
        if normed < 0.15:
            q = self.norm(q, wide)
            k = self.norm(k, narrow)
        elif normed < 0.4:
            q = self.head_norm(q, wide, size)
            if normed < 0.35:
                k = self.head_norm(k, narrow, size)
        turn = chance.choice(["none", "both", "both", "query"])
        if turn != "none":
            q = self.rope(q, wide, size)
        if turn == "both":
            k = self.rope(k, narrow, size)
        window = ""
        if chance.random() < 0.3:
            window = f", window = {chance.choice([1, 2, 9, 32, 100])} : i64"
        name = self.name()
        wide_type, narrow_type = self.type(wide), self.type(narrow)
        self.add(
            f"{name} = model.attention {q}, {k}, {v} {{heads = {heads} : i64, kv_heads ="
            f" {kv_heads} : i64{window}}} : ({wide_type}, {narrow_type}, {narrow_type})"
            f" -> {wide_type}"
        )
        return self.linear(name, wide, self.width)

    def feed_forward(self, x):
        chance = self.chance
        inner = chance.choice([8, 24, 40, 64, 88, 128, 136, 200, 256])
        activate = chance.choice(["gelu", "silu", "none"])
        form = chance.choice(["plain", "gated", "fused gate", "bilinear"])
        if form == "plain":
            y = self.linear(x, self.width, inner)
        elif form == "fused gate":
            both = self.linear(x, self.width, 2 * inner)
            y, gate = self.split(both, [inner, inner])
        else:
            y = self.linear(x, self.width, inner)
            gate = self.linear(x, self.width, inner)
        if activate != "none" and form != "bilinear":
            y = self.unary(activate, y, inner)
        if form != "plain":
            y = self.binary("mul", y, gate, inner)
        return self.linear(y, inner, self.width)

    def block(self, x, above):
        """A layer; `above` is a value that stands outside of it, or None."""
        chance, width = self.chance, self.width
        form = chance.choice(["usual", "usual", "parallel", "post", "one", "strange"])
        if form == "usual":
            x = self.binary("add", x, self.attention(self.norm(x, width)), width)
            return self.binary("add", x, self.feed_forward(self.norm(x, width)), width)
        if form == "parallel":
            n = self.norm(x, width, certain=True)
            both = self.binary("add", self.attention(n), self.feed_forward(n), width)
            return self.binary("add", both, x, width)
        if form == "post":
            y = self.binary("add", x, self.attention(x), width)
            return self.norm(y, width, certain=True)
        if form == "one":
            part = chance.choice([self.attention, self.feed_forward])
            return self.binary("add", x, part(self.norm(x, width)), width)
        # What no model has but the vocabulary allows.
        y = self.norm(x, width)
        for _ in range(chance.randint(1, 4)):
            kind = chance.choice(["double", "norm", "gate", "above", "gelu", "shared"])
            if kind == "double":
                y = self.binary("add", y, y, width)
            elif kind == "norm":
                y = self.norm(y, width, certain=True)
            elif kind == "gate":
                y = self.binary("mul", self.unary("silu", y, width), y, width)
            elif kind == "above" and above:
                y = self.binary("add", y, above, width)
            elif kind == "gelu":
                y = self.unary("gelu", y, width)
            elif kind == "shared":
                weight = self.parameter((width, width), "normal<0.05>", "weight")
                y = self.linear(y, width, width, weight)
                y = self.linear(y, width, width, weight)
        return self.binary("add", x, self.norm(y, width, certain=True), width)

    def model(self):
        chance, width, rows = self.chance, self.width, self.vocabulary
        self.add(f"model.graph @m(%tokens: {IDS}, %targets: {IDS}) -> tensor<f32> {{")
        table = self.parameter((rows, width), "normal<0.1>", "weight")
        x = self.name()
        self.add(
            f"{x} = model.embedding %tokens, {table} : ({IDS}, tensor<{rows}x{width}xf32>)"
            f" -> {self.type(width)}"
        )
        if chance.random() < 0.4:
            positions = self.sequence + chance.choice([0, 3, 40])
            weight = self.parameter((positions, width), "normal<0.05>", "weight")
            p = self.name()
            self.add(
                f"{p} = model.position_embedding %tokens, {weight} : ({IDS}, "
                f"tensor<{positions}x{width}xf32>) -> {self.type(width)}"
            )
            x = self.binary("add", x, p, width)
        for _ in range(chance.choice([0, 1, 1, 1, 2])):
            above = x if chance.random() < 0.4 else None
            y, h = self.name(), self.name()
            self.add(
                f'{y} = model.repeat {chance.choice([1, 2, 2, 3])} named "l{self.names}"'
                f" ({h} = {x}) : {self.type(width)} {{"
            )
            out = self.block(h, above)
            self.add(f"model.yield {out} : {self.type(width)}\n}}")
            x = y
        if chance.random() < 0.3:
            x = self.block(x, None)
        x = self.norm(x, width)
        tied = table if chance.random() < 0.5 else None
        logits = self.linear(x, width, rows, tied)
        loss = self.name()
        self.add(
            f"{loss} = model.cross_entropy {logits}, %targets : ({self.type(rows)}, {IDS})"
            f" -> tensor<f32>"
        )
        self.add(f"model.return {loss} : tensor<f32>\n}}")
        return "\n".join(self.lines) + "\n"

    def options(self):
        """Options of the compiler, for all targets."""
        chance = self.chance
        options = ["--batch", str(self.batch), "--seq", str(self.sequence)]
        options.append("--recompute=" + chance.choice(["none", "none", "ops", "layer"]))
        kinds = ["optimizer", "gradients", "activations"]
        if chance.random() < 0.3:
            chosen = [kind for kind in kinds if chance.random() < 0.5]
            options.append("--offload=" + (",".join(chosen) or "none"))
        if chance.random() < 0.3:
            options.append("--head-chunk=64")
        return options
