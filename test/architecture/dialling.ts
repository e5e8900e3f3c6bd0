import ts from 'typescript';
import { parse, type SourceFile } from './source-file.js';

/** Where connections to others are made, and why it is not egress that makes them. */
export const DIALLERS: Readonly<Record<string, string>> = {
  'src/egress/': 'the one door',
  'sdk/client/': 'the client of the daemon, for the command line; the daemon itself uses its types alone',
  'sdk/plugin/src/http/': 'engine traffic, to the endpoints of configured pools alone',
  'sdk/plugin/src/conformance/source/far-side.ts': 'the kit of model sources, to its own server on loopback alone',
  'src/pools/provisioning/run/ports.ts': 'looks whether an engine of ours listens on loopback yet; sends nothing',
};

type Names = 'all' | readonly string[];
const HTTP = ['request', 'get', 'Agent', 'globalAgent', 'ClientRequest'];
/** What opens connections, by module; a server or a type does not. The whole module counts as each of them. */
const OPENERS: Readonly<Record<string, Names>> = {
  undici: 'all',
  http: HTTP,
  https: HTTP,
  http2: ['connect'],
  net: ['connect', 'createConnection', 'Socket'],
  tls: ['connect', 'createConnection', 'TLSSocket'],
  dgram: 'all',
  dns: 'all',
  'dns/promises': 'all',
};
const GLOBALS = ['fetch', 'WebSocket', 'EventSource'];

/** Places outside of {@link DIALLERS} that could call out without guard, policies and audit. */
export function dialViolations(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => !Object.keys(DIALLERS).some((place) => path.startsWith(place)))
    .flatMap((file) => openersIn(file).map((what) => `${file.path} uses ${what}: calls go out through egress`));
}

function openersIn(file: SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    found.push(...openersOf(node));
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return found;
}

function openersOf(node: ts.Node): string[] {
  if (ts.isImportDeclaration(node)) return importedOpeners(node);
  if (ts.isExportDeclaration(node)) return wholeModule(node.isTypeOnly ? undefined : node.moduleSpecifier);
  if (ts.isCallExpression(node) && (isImport(node) || isName(node.expression, 'require')))
    return wholeModule(node.arguments[0]);
  return ts.isIdentifier(node) && isGlobal(node) ? [node.text] : [];
}

function importedOpeners({ importClause: clause, moduleSpecifier }: ts.ImportDeclaration): string[] {
  const [name, openers] = moduleOf(moduleSpecifier);
  if (openers === undefined || clause?.isTypeOnly) return [];
  const { namedBindings: bindings } = clause ?? {};
  if (clause?.name !== undefined || bindings === undefined || ts.isNamespaceImport(bindings)) return [name];
  return bindings.elements
    .filter(({ isTypeOnly }) => !isTypeOnly)
    .map((element) => (element.propertyName ?? element.name).text)
    .filter((imported) => openers === 'all' || openers.includes(imported) || imported === 'default')
    .map((imported) => `${imported} of ${name}`);
}

function wholeModule(specifier: ts.Node | undefined): string[] {
  const [name, openers] = moduleOf(specifier);
  return openers === undefined ? [] : [name];
}

function moduleOf(specifier: ts.Node | undefined): readonly [string, Names | undefined] {
  if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return ['', undefined];
  const plain = specifier.text.replace(/^node:/, '');
  return [specifier.text, Object.hasOwn(OPENERS, plain) ? OPENERS[plain] : undefined];
}

function isImport({ expression }: ts.CallExpression): boolean {
  return expression.kind === ts.SyntaxKind.ImportKeyword;
}

function isName(node: ts.Node, text: string): boolean {
  return ts.isIdentifier(node) && node.text === text;
}

/** The global itself, by its name or as a member of `globalThis`; not a member, parameter or variable of that name. */
function isGlobal(node: ts.Identifier): boolean {
  if (!GLOBALS.includes(node.text)) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return isName(parent.expression, 'globalThis');
  return isRead(node) && !isDeclaredAround(node);
}

/** Not where a name is only given: to a member, a binding, a type. */
function isRead({ parent, text }: ts.Identifier): boolean {
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  if ('name' in parent && isName(parent.name as ts.Node, text)) return false;
  return !ts.isTypeNode(parent) && !ts.isQualifiedName(parent) && !ts.isBindingElement(parent);
}

function isDeclaredAround(node: ts.Identifier): boolean {
  for (let around: ts.Node = node; !ts.isSourceFile(around); around = around.parent) {
    if (ts.isFunctionLike(around) && around.parameters.some((parameter) => binds(parameter, node.text))) return true;
    if (ts.isBlock(around) && declares(around.statements, node.text)) return true;
  }
  return declares(node.getSourceFile().statements, node.text);
}

function declares(statements: readonly ts.Statement[], name: string): boolean {
  return statements.some((statement) => {
    if (ts.isFunctionDeclaration(statement)) return statement.name?.text === name;
    return ts.isVariableStatement(statement) && statement.declarationList.declarations.some((one) => binds(one, name));
  });
}

function binds({ name }: { readonly name: ts.BindingName }, wanted: string): boolean {
  if (ts.isIdentifier(name)) return name.text === wanted;
  return name.elements.some((element) => ts.isBindingElement(element) && binds(element, wanted));
}
