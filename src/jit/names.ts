const RESERVED = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if inline int long register ' +
    'restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool true false ' +
    'asm typeof main nullptr constexpr alignas alignof thread_local static_assert linux unix ' +
    'int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t uintptr_t arrays scalars depth separate'
  ).split(' '),
);

/**
 * C identifiers for things that have names in JS.
 *
 * Any JS name is allowed; what C does not know becomes `_`, and names that are taken get a number. So nothing the user
 * wrote reaches the generated text except letters, digits and underscores.
 */
export class Names {
  readonly #given = new Map<object, string>();
  readonly #taken = new Set<string>();

  of(thing: object, wanted: string): string {
    const known = this.#given.get(thing);
    if (known !== undefined) return known;
    let base = wanted.replace(/[^A-Za-z0-9_]/g, '_').slice(0, 40);
    if (base === '' || /^[0-9_]/.test(base) || RESERVED.has(base) || base.startsWith('harts')) base = `v${base}`;
    let name = base;
    for (let k = 2; this.#taken.has(name); k++) name = `${base}_${k}`;
    this.#taken.add(name);
    this.#given.set(thing, name);
    return name;
  }
}
