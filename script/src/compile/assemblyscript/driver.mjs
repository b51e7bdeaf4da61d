// Runs asc over sources that come as JSON on the standard input, and writes what it made as JSON to the standard output. See mod.rs.

import asc from "assemblyscript/asc";
import * as as from "assemblyscript";

const { NodeKind, Node } = as;
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { sources, glue } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
const GLUE = "layerw.ts";
const TYPE_EXPECTED = 1110;
const files = new Map(sources.map(({ name, text }) => [name, text]));
files.set(GLUE, glue);

const diagnostics = [];
const made = {};

// Every node of a syntax tree, parents first. `see` may change a node's own parts.
function walk(node, see) {
  if (Array.isArray(node)) {
    for (const one of node) walk(one, see);
    return;
  }
  if (!(node instanceof Node)) return;
  see(node);
  for (const [key, value] of Object.entries(node)) {
    if (key !== "range" && value && typeof value === "object") walk(value, see);
  }
}

const decorator = (name, range) =>
  Node.createDecorator(Node.createIdentifierExpression(name, range), null, range);

function decorate(statement, names) {
  const there = (statement.decorators ?? []).map((one) => one.name.text);
  const added = names.filter((name) => !there.includes(name));
  statement.decorators = [...(statement.decorators ?? []), ...added.map((name) => decorator(name, statement.range))];
}

const nameOf = (type) =>
  type?.kind === NodeKind.NamedType && !type.name.next ? type.name.identifier.text : null;

const rename = (type, text) => {
  type.name = Node.createSimpleTypeName(text, type.range);
};

// A number without a type of its own is of `number` here, as in the rest of the language; asc would make a whole one an i32.
const isPlainNumber = (expression) => {
  switch (expression?.kind) {
    case NodeKind.Literal:
      return expression.literalKind === as.LiteralKind.Integer || expression.literalKind === as.LiteralKind.Float;
    case NodeKind.UnaryPrefix:
      return isPlainNumber(expression.operand);
    case NodeKind.Parenthesized:
      return isPlainNumber(expression.expression);
    case NodeKind.Binary:
      return isPlainNumber(expression.left) && isPlainNumber(expression.right);
    default:
      return false;
  }
};

// A number on the left takes its type from what stands on the right; asc would make it an f64 or an i32.
const LEFT = new Map([
  [as.Token.Plus, "plus"], [as.Token.Minus, "minus"], [as.Token.Asterisk, "times"], [as.Token.Slash, "over"],
  [as.Token.LessThan, "less"], [as.Token.LessThan_Equals, "atMost"],
  [as.Token.GreaterThan, "more"], [as.Token.GreaterThan_Equals, "atLeast"],
]);
const isLeftNumber = (node) =>
  node?.kind === NodeKind.Binary && LEFT.has(node.operator) && isPlainNumber(node.left) && !isPlainNumber(node.right);
const isWhole = (node) =>
  node.kind === NodeKind.Literal ? node.literalKind === as.LiteralKind.Integer
    : node.kind === NodeKind.UnaryPrefix && isWhole(node.operand);
function typed(node) {
  const name = `__${LEFT.get(node.operator)}${isWhole(node.left) ? "Whole" : ""}`;
  const call = Node.createIdentifierExpression(name, node.range);
  return Node.createCallExpression(call, null, [node.right, node.left], node.range);
}

function adapt(source) {
  for (const statement of source.statements) {
    switch (statement.kind) {
      case NodeKind.ClassDeclaration:
      case NodeKind.FunctionDeclaration:
      case NodeKind.EnumDeclaration:
      case NodeKind.InterfaceDeclaration:
        decorate(statement, ["global"]);
        break;
      case NodeKind.Variable:
        for (const one of statement.declarations) decorate(one, ["global"]);
        decorate(statement, ["global"]);
        break;
    }
  }
  walk(source.statements, (node) => {
    const result = node.signature?.returnType;
    if (result && nameOf(result) === "") rename(result, "void");
    if (node.kind === NodeKind.NamedType && nameOf(node) === "number") rename(node, "f32");
    if (node.kind === NodeKind.VariableDeclaration && !node.type && isPlainNumber(node.initializer) && !node.isIndex) {
      node.type = Node.createNamedType(Node.createSimpleTypeName("f32", node.range), null, false, node.range);
    }
    for (const [key, value] of Object.entries(node)) {
      const replace = (one) => (isLeftNumber(one) ? typed(one) : one);
      if (key === "range") continue;
      if (Array.isArray(value)) node[key] = value.map(replace);
      else if (value instanceof Node) node[key] = replace(value);
    }
    // The index of a loop is a whole number.
    if (node.kind === NodeKind.For && node.initializer?.kind === NodeKind.Variable) {
      for (const one of node.initializer.declarations) one.isIndex = true;
    }
  });
}

class Adapter {
  constructor() {
    const { parser } = this.program;
    const error = parser.error;
    // asc wants `: void` where TypeScript does not.
    parser.error = (code, range, ...rest) => {
      const text = range.source.text;
      const omitted = /\)\s*$/.test(text.slice(0, range.start)) && /^\s*\{/.test(text.slice(range.start));
      if (code !== TYPE_EXPECTED || !omitted) error.call(parser, code, range, ...rest);
    };
  }

  afterParse(parser) {
    for (const source of parser.sources) {
      if (files.has(source.normalizedPath) && source.normalizedPath !== GLUE) adapt(source);
    }
  }
}

const { error, stderr } = await asc.main(
  [
    ...files.keys(),
    "--outFile", "out.wasm", "--sourceMap",
    "-O3", "--importMemory", "--noExportMemory", "--memoryBase", "1024",
    "--use", "Math=$Math", "--use", "abort=",
  ],
  {
    readFile: (name) => files.get(name) ?? null,
    writeFile: (name, contents) => void (made[name] = contents),
    listFiles: () => [],
    reportDiagnostic: ({ message, category, range }) => {
      const file = range?.source?.normalizedPath ?? null;
      const before = (files.get(file) ?? "").slice(0, range?.start ?? 0);
      diagnostics.push({ message, file, byte: Buffer.byteLength(before), error: category === as.DiagnosticCategory.Error });
    },
    transforms: [Adapter],
  },
);
const map = made["out.wasm.map"] && JSON.parse(made["out.wasm.map"]);
if (map) {
  delete map.sourcesContent;
  delete map.sourceRoot;
}
process.stdout.write(
  JSON.stringify({
    wasm: made["out.wasm"] ? Buffer.from(made["out.wasm"]).toString("hex") : null,
    map: map ? JSON.stringify(map) : null,
    said: [error?.message ?? "", stderr.toString()].join("\n"),
    diagnostics,
  }),
);
