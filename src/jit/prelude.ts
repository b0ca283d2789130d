import type { ElementKind } from './bind.js';

/** C types of the elements of typed arrays. */
export const C_TYPES: Readonly<Record<ElementKind, string>> = {
  i8: 'int8_t',
  u8: 'uint8_t',
  u8c: 'uint8_t',
  i16: 'int16_t',
  u16: 'uint16_t',
  i32: 'int32_t',
  u32: 'uint32_t',
  f32: 'float',
  f64: 'double',
};

interface Piece {
  readonly needs?: readonly string[];
  readonly code: string;
}

/** One-argument functions of the C library that agree with `Math` (within 1 ulp where design says so). */
const LIBRARY = [
  'acos',
  'acosh',
  'asin',
  'asinh',
  'atan',
  'atanh',
  'cbrt',
  'ceil',
  'cos',
  'cosh',
  'exp',
  'expm1',
  'floor',
  'log',
  'log10',
  'log1p',
  'log2',
  'sin',
  'sinh',
  'sqrt',
  'tan',
  'tanh',
  'trunc',
];

const PIECES: Record<string, Piece> = {
  harts_nan: { code: 'static inline double harts_nan(void) { return __builtin_nan(""); }' },
  harts_undefined: {
    code: `/* JS \`undefined\`, where the function can tell it from NaN: a NaN with a payload of its own. */
static inline double harts_undefined(void) {
  const union { uint64_t bits; double value; } u = { UINT64_C(0x7ff8dead0000beef) };
  return u.value;
}`,
  },
  harts_is_undefined: {
    code: `static inline bool harts_is_undefined(double x) {
  const union { double value; uint64_t bits; } u = { x };
  return u.bits == UINT64_C(0x7ff8dead0000beef);
}`,
  },
  harts_number: {
    needs: ['harts_nan'],
    code: 'static inline double harts_number(double x) { return x == x ? x : harts_nan(); }',
  },
  harts_same: {
    needs: ['harts_is_undefined'],
    code: `static inline bool harts_same(double a, double b) {
  return a == b || (harts_is_undefined(a) && harts_is_undefined(b));
}`,
  },
  harts_truthy: { code: 'static inline bool harts_truthy(double x) { return x < 0.0 || x > 0.0; }' },
  harts_and: {
    needs: ['harts_truthy'],
    code: 'static inline double harts_and(double a, double b) { return harts_truthy(a) ? b : a; }',
  },
  harts_or: {
    needs: ['harts_truthy'],
    code: 'static inline double harts_or(double a, double b) { return harts_truthy(a) ? a : b; }',
  },
  harts_fabs: { code: 'static inline double harts_fabs(double x) { return __builtin_fabs(x); }' },
  harts_fround: { code: 'static inline double harts_fround(double x) { return (double)(float)x; }' },
  harts_round: {
    code: `extern double floor(double);
static inline double harts_round(double x) {
  const double below = floor(x);
  return __builtin_copysign(x - below >= 0.5 ? below + 1.0 : below, x);
}`,
  },
  harts_sign: { code: 'static inline double harts_sign(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x; }' },
  harts_max: {
    code: `static inline double harts_max(double a, double b) {
  return a > b ? a : b > a ? b : a == 0.0 ? a + b : a == b ? a : a + b;
}`,
  },
  harts_min: {
    code: `static inline double harts_min(double a, double b) {
  return a < b ? a : b < a ? b : a == 0.0 ? -(-a - b) : a == b ? a : a + b;
}`,
  },
  harts_atan2: {
    code: `extern double atan2(double, double);
static inline double harts_atan2(double y, double x) { return atan2(y, x); }`,
  },
  harts_fmod: {
    code: `extern double fmod(double, double);
static inline double harts_fmod(double a, double b) { return fmod(a, b); }`,
  },
  harts_pow: {
    needs: ['harts_nan'],
    code: `extern double pow(double, double);
static inline double harts_pow(double a, double b) {
  /* C says 1 where JS says NaN. */
  if (b != b || ((a == 1.0 || a == -1.0) && __builtin_isinf(b))) return harts_nan();
  return pow(a, b);
}`,
  },
  harts_toint32: {
    needs: ['harts_fmod'],
    code: `static inline int32_t harts_toint32(double x) {
  if (x >= -9.2e18 && x <= 9.2e18) return (int32_t)(int64_t)x;
  if (x != x || __builtin_isinf(x)) return 0;
  return (int32_t)(int64_t)harts_fmod(x, 4294967296.0);
}`,
  },
  harts_clz32: {
    code: 'static inline int64_t harts_clz32(int32_t x) { return x == 0 ? 32 : __builtin_clz((uint32_t)x); }',
  },
  harts_isfinite: { code: 'static inline bool harts_isfinite(double x) { return x - x == 0.0; }' },
  harts_isinteger: {
    code: `extern double trunc(double);
static inline bool harts_isinteger(double x) { return x - x == 0.0 && trunc(x) == x; }`,
  },
  harts_clamp8: {
    code: `extern double rint(double);
static inline uint8_t harts_clamp8(double x) { return x > 0.0 ? (x < 255.0 ? (uint8_t)rint(x) : 255) : 0; }`,
  },
  harts_clamp8_int: {
    code: 'static inline uint8_t harts_clamp8_int(int64_t x) { return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x); }',
  },
  harts_imin: { code: 'static inline int64_t harts_imin(int64_t a, int64_t b) { return a < b ? a : b; }' },
  harts_imax: { code: 'static inline int64_t harts_imax(int64_t a, int64_t b) { return a > b ? a : b; }' },
  harts_iabs: { code: 'static inline int64_t harts_iabs(int64_t a) { return a < 0 ? -a : a; }' },
  harts_range: {
    code: `/* The values of a counter: first, first + step, ... before end. Not ok: not integers, or beyond 2^31. */
typedef struct { int64_t first, end, lo, hi; bool ok, empty; } harts_range_t;
static inline harts_range_t harts_range(double start, double stop, int64_t step) {
  harts_range_t r = { 0, 0, 0, 0, false, true };
  if (!(start >= -2147483648.0 && start <= 2147483648.0 && stop >= -2147483648.0 && stop <= 2147483648.0)) return r;
  r.first = r.lo = r.hi = (int64_t)start;
  r.end = (int64_t)stop;
  r.ok = (double)r.first == start;
  r.empty = step > 0 ? r.first >= r.end : r.first <= r.end;
  if (!r.empty && step > 0) r.hi = r.first + (r.end - r.first - 1) / step * step;
  if (!r.empty && step < 0) r.lo = r.first - (r.first - r.end - 1) / -step * -step;
  return r;
}`,
  },
  harts_base: {
    code: `/* An invariant part of an index: an integer, or the check fails. */
static inline int64_t harts_base(double x, bool *ok) {
  if (x >= -2147483648.0 && x <= 2147483648.0 && (double)(int64_t)x == x) return (int64_t)x;
  *ok = false;
  return 0;
}`,
  },
  harts_base_int: {
    code: `static inline int64_t harts_base_int(int64_t x, bool *ok) {
  if (x >= -INT64_C(2147483648) && x <= INT64_C(2147483648)) return x;
  *ok = false;
  return 0;
}`,
  },
  harts_disjoint: {
    code: `static inline bool harts_disjoint(const void *a, int64_t a_bytes, const void *b, int64_t b_bytes) {
  const uintptr_t p = (uintptr_t)a, q = (uintptr_t)b;
  return p + (uintptr_t)a_bytes <= q || q + (uintptr_t)b_bytes <= p;
}`,
  },
};

for (const name of LIBRARY) {
  PIECES[`harts_${name}`] = {
    code: `extern double ${name}(double);\nstatic inline double harts_${name}(double x) { return ${name}(x); }`,
  };
}

for (const [kind, type] of Object.entries(C_TYPES)) {
  PIECES[`harts_load_${kind}`] = {
    needs: ['harts_nan'],
    code: `static inline double harts_load_${kind}(const ${type} *a, int64_t n, int64_t i) {
  return (uint64_t)i < (uint64_t)n ? (double)a[i] : harts_nan();
}`,
  };
  PIECES[`harts_loadx_${kind}`] = {
    needs: ['harts_nan'],
    code: `static inline double harts_loadx_${kind}(const ${type} *a, int64_t n, double i) {
  return i >= 0.0 && i < (double)n && (double)(int64_t)i == i ? (double)a[(int64_t)i] : harts_nan();
}`,
  };
  PIECES[`harts_store_${kind}`] = {
    code: `static inline void harts_store_${kind}(${type} *a, int64_t n, int64_t i, ${type} x) {
  if ((uint64_t)i < (uint64_t)n) a[i] = x;
}`,
  };
  PIECES[`harts_storex_${kind}`] = {
    code: `static inline void harts_storex_${kind}(${type} *a, int64_t n, double i, ${type} x) {
  if (i >= 0.0 && i < (double)n && (double)(int64_t)i == i) a[(int64_t)i] = x;
}`,
  };
  PIECES[`harts_loadu_${kind}`] = {
    needs: ['harts_undefined'],
    code: `static inline double harts_loadu_${kind}(const ${type} *a, int64_t n, double i) {
  return i >= 0.0 && i < (double)n && (double)(int64_t)i == i ? (double)a[(int64_t)i] : harts_undefined();
}`,
  };
}

/**
 * `Math.hypot` of n numbers, by the algorithm that JS engines use: scaled, with compensated summation.
 */
function hypotPiece(n: number): Piece {
  const params = Array.from({ length: n }, (_, k) => `double x${k}`).join(', ');
  const list = Array.from({ length: n }, (_, k) => `harts_fabs(x${k})`).join(', ');
  return {
    needs: ['harts_fabs', 'harts_sqrt', 'harts_nan'],
    code: `static inline double harts_hypot_${n}(${params}) {
  const double x[${n}] = { ${list} };
  double max = 0.0, sum = 0.0, lost = 0.0;
  bool nan = false;
  for (int k = 0; k < ${n}; k++) {
    if (x[k] != x[k]) nan = true;
    else if (x[k] > max) max = x[k];
  }
  if (__builtin_isinf(max)) return max;
  if (nan) return harts_nan();
  if (max == 0.0) return 0.0;
  for (int k = 0; k < ${n}; k++) {
    const double scaled = x[k] / max;
    const double summand = scaled * scaled - lost;
    const double next = sum + summand;
    lost = (next - sum) - summand;
    sum = next;
  }
  return harts_sqrt(sum) * max;
}`,
  };
}

/** The C definitions of the named helpers and of what they need, each once, in an order that compiles. */
export function renderPrelude(used: Iterable<string>): string {
  const done = new Set<string>();
  const parts: string[] = [];
  const add = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const hypot = /^harts_hypot_(\d+)$/.exec(name);
    const piece = hypot ? hypotPiece(Number(hypot[1])) : PIECES[name];
    if (piece === undefined) throw new Error(`no C helper is called ${name}`);
    for (const need of piece.needs ?? []) add(need);
    parts.push(piece.code);
  };
  for (const name of [...used].sort()) add(name);
  return parts.length === 0 ? '' : `${parts.join('\n')}\n`;
}
