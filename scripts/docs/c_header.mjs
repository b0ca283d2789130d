// Reads the declarations of a header and the comments that document them, by the conventions of this project:
//
// - a comment documents the declarations that follow it without an empty line: one, or a few that belong together;
// - a comment on the line on which a declaration ends documents that one;
// - a comment that stands alone is prose about the header;
// - each constant of an enumeration has a comment of its own, before it or on its line.
import { commentText, piecesOf, withoutComments } from './c_pieces.mjs';

/**
 * @typedef {'function' | 'type' | 'constant' | 'macro' | 'variable'} Kind
 *
 * @typedef {object} Named
 * @property {string} name
 * @property {Kind} kind
 * @property {number} line
 * @property {boolean} isDocumented
 * @property {boolean} isExported     marked LITHE_API
 * @property {string} [tag]           of the structure that a typedef gives a name to without describing it
 *
 * @typedef {object} Declaration
 * @property {string} source          as it stands in the header, without bodies of functions and private members
 * @property {Named[]} names
 *
 * @typedef {object} Group            a comment and what it documents; prose has no declarations
 * @property {string} comment         '' when there is none
 * @property {Declaration[]} declarations
 *
 * @typedef {object} Header
 * @property {string} name
 * @property {Group[]} groups
 */

/**
 * @param {string} name
 * @param {string} text
 * @returns {Header}
 */
export function readHeader(name, text) {
  /** @type {Group[]} */
  const groups = [];
  /** @type {Group | undefined} */
  let group;
  let lastLine = 0;
  let guard = '';
  const start = (/** @type {string} */ comment) => {
    group = { comment, declarations: [] };
    groups.push(group);
    return group;
  };
  for (const piece of piecesOf(text)) {
    if (piece.afterBlank) group = undefined;
    if (piece.kind === 'comment') {
      const trails = piece.line === lastLine;
      if (trails && group !== undefined) documentLast(group, commentText(piece.text));
      else start(commentText(piece.text));
      continue;
    }
    guard = piece.kind === 'directive' ? (/^#ifndef\s+(\w+)/.exec(piece.text)?.[1] ?? guard) : '';
    const into = group ?? { comment: '', declarations: [] };
    const isDocumented = into.comment !== '';
    const found =
      piece.kind === 'directive'
        ? macroOf(piece.text, piece.line, isDocumented, guard)
        : declarationOf(piece.text, piece.line, isDocumented);
    if (found === undefined) continue;
    if (group === undefined) group = start('');
    group.declarations.push(found);
    lastLine = piece.lastLine;
  }
  return { name, groups };
}

/**
 * @param {Group} group
 * @param {string} comment
 */
function documentLast(group, comment) {
  group.comment = group.comment === '' ? comment : `${group.comment}\n\n${comment}`;
  for (const named of group.declarations.at(-1)?.names ?? []) {
    if (named.kind !== 'constant') named.isDocumented = true;
  }
}

/**
 * @param {string} text
 * @param {number} line
 * @param {boolean} isDocumented
 * @param {string} guard the name that the directive before tests
 * @returns {Declaration | undefined}
 */
function macroOf(text, line, isDocumented, guard) {
  const [, name, rest] = /^#define\s+(\w+)([\s\S]*)$/.exec(text) ?? [];
  if (name === undefined || (name === guard && rest?.trim() === '')) return undefined;
  const trailing = /\/\*/.test(text);
  return {
    source: text,
    names: [{ name, kind: 'macro', line, isDocumented: isDocumented || trailing, isExported: false }],
  };
}

/**
 * @param {string} text
 * @param {number} line
 * @param {boolean} isDocumented
 * @returns {Declaration | undefined} undefined for what only announces a type, and for assertions
 */
function declarationOf(text, line, isDocumented) {
  const isExported = /\bLITHE_API\b/.test(text);
  const code = withoutComments(text)
    .replace(/\bLITHE_API\b/g, '')
    .replace(/__attribute__\s*\(\(.*?\)\)/g, '')
    .trim();
  /** @type {(name: string | undefined, kind: Kind, source: string, tag?: string) => Declaration | undefined} */
  const declaration = (name, kind, source, tag) => ({
    source,
    names: [
      ...(name === undefined ? [] : [{ name, kind, line, isDocumented, isExported, ...(tag && { tag }) }]),
      ...constantsOf(text, line),
    ],
  });
  if (/^(_Static_assert|static_assert|using namespace)\b/.test(code)) return undefined;
  if (/^(struct|union|enum|class)\s+\w+\s*;$/.test(code)) return undefined;

  const described = /^(?:template\s*<[^>]*>\s*)?(?:struct|union|class|enum(?:\s+class)?)\s*(\w*)[^;({]*\{/.exec(code);
  if (described !== null) return declaration(described[1] || undefined, 'type', withoutPrivate(text));
  if (/^typedef\b/.test(code)) {
    const name = /\(\s*\*\s*(\w+)\s*\)/.exec(code.replace(/\{[\s\S]*\}/, ''))?.[1] ?? /(\w+)\s*;$/.exec(code)?.[1];
    const tag = /^typedef\s+(?:struct|union|enum)\s+(\w+)\s+\w+\s*;$/.exec(code)?.[1];
    return declaration(name, 'type', text, tag);
  }
  const alias = /^(?:template\s*<[^>]*>\s*)?using\s+(\w+)\s*=/.exec(code);
  if (alias !== null) return declaration(alias[1], 'type', text);
  const called = /^[^({=;]*?(\w+)\s*\(/.exec(code);
  if (called !== null) return declaration(called[1], 'function', text.replace(/\s*\{[\s\S]*\}$/, ';'));
  return declaration(/(\w+)\s*(?:\[[^\]]*\]\s*)*(?:=[\s\S]*)?;$/.exec(code)?.[1], 'variable', text);
}

/**
 * The constants of an enumeration.
 *
 * @param {string} text
 * @param {number} line of its first character
 * @returns {Named[]}
 */
function constantsOf(text, line) {
  const body = /\benum\b[^;{}()]*\{([\s\S]*?)\}/d.exec(text);
  const [from = 0, to = 0] = body?.indices?.[1] ?? [];
  /** @type {Named[]} */
  const constants = [];
  let pending = false; // a comment waits for its constant
  let lastLine = 0; // of the constant before
  let current = line + text.slice(0, from).split('\n').length - 1;
  for (const [token] of text.slice(from, to).matchAll(/\/\*[\s\S]*?\*\/|\/\/.*|\w[^,/\n]*|[\s\S]/g)) {
    if (/^\/[/*]/.test(token)) {
      const previous = constants.at(-1);
      if (previous !== undefined && lastLine === current) previous.isDocumented = true;
      else pending = true;
    } else if (/^\w/.test(token)) {
      const name = /^\w+/.exec(token)?.[0] ?? '';
      constants.push({ name, kind: 'constant', line: current, isDocumented: pending, isExported: false });
      pending = false;
      lastLine = current;
    }
    current += token.split('\n').length - 1;
  }
  return constants;
}

/**
 * A class as its users see it: its private members are left out.
 *
 * @param {string} text
 */
function withoutPrivate(text) {
  return text.replace(/\n*^ *private:$[\s\S]*?(?=^ *(?:public|protected):$|^\};?\s*;?$)/gm, '\n');
}

/**
 * The names that no comment documents. A typedef that only gives a structure a short name is documented where the
 * structure is.
 *
 * @param {readonly Header[]} headers
 * @returns {(Named & { header: string })[]}
 */
export function undocumented(headers) {
  const all = headers.flatMap((header) =>
    header.groups.flatMap((group) =>
      group.declarations.flatMap((declaration) =>
        declaration.names.map((named) => ({ ...named, header: header.name })),
      ),
    ),
  );
  const documented = new Set(all.filter((named) => named.isDocumented).map((named) => named.name));
  return all.filter(({ name, tag }) => !documented.has(name) && !(tag !== undefined && documented.has(tag)));
}
