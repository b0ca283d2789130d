// Programs and libraries as the distribution compiled them, on our libgomp.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../native/support.js';
import { compileC, expectWorkOnHarts, harts, libraryFile, linkTo, ourOpenmp } from './support.js';

const directory = temporaryDirectory();
const openblas = libraryFile('openblas-openmp/libopenblas.so.0');
const fftw = libraryFile('libfftw3.so.3');
const fftwOpenmp = libraryFile('libfftw3_omp.so.3');
const usesOpenmp = (file: string) => spawnSync('ldd', [file], { encoding: 'utf8' }).stdout.includes('libgomp.so.1');
const convert = (process.env.PATH ?? '')
  .split(':')
  .map((path) => join(path, 'convert'))
  .find((file) => existsSync(file) && usesOpenmp(file));

/** Runs a program on the compiler's libgomp and on ours, and returns what both print. */
async function onBoth(program: string, args: string[] = [], env: NodeJS.ProcessEnv = {}) {
  const stock = spawnSync(program, args, { env: { ...process.env, ...env }, encoding: 'utf8', timeout: 30_000 });
  expect({ status: stock.status, stderr: stock.stderr }).toEqual({ status: 0, stderr: '' });
  const ours = await harts(['run', '--report', '--', 'timeout', '25', program, ...args], env);
  expect(ours.code, ours.stderr).toBe(0);
  expectWorkOnHarts(ours.stderr);
  return { stock: stock.stdout, ours: ours.stdout };
}

test.skipIf(openblas === undefined)('openblas_multiplies_matrices (needs libopenblas0-openmp)', async () => {
  const program = compileC(
    directory,
    'gemm',
    `#include <stdio.h>
     void cblas_dgemm(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *, int);
     enum { n = 300 };
     static double a[n * n], b[n * n], c[n * n];
     int main(void) {
       for (int i = 0; i < n * n; ++i) a[i] = i % 7, b[i] = i % 5;
       for (int k = 0; k < 3; ++k) cblas_dgemm(101, 111, 111, n, n, n, 1, a, n, b, n, 0, c, n);
       double worst = 0, sum = 0;
       for (int i = 0; i < n; ++i)
         for (int j = 0; j < n; ++j) {
           double exact = 0;
           for (int k = 0; k < n; ++k) exact += a[i * n + k] * b[k * n + j];
           double error = c[i * n + j] - exact;
           worst = error * error > worst ? error * error : worst;
           sum += c[i * n + j] * (i - j + 1);
         }
       printf("%g %.17g\\n", worst, sum);
     }`,
    linkTo(openblas!),
  );
  const { stock, ours } = await onBoth(program); // as many threads as harts: those of OpenBLAS spin for each other
  expect(ours).toBe(stock); // small integers: every order of the sums is exact
  expect(ours).toMatch(/^0 /);
});

test.skipIf(!fftw || !fftwOpenmp)('fftw_transforms_with_threads (needs libfftw3-double3)', async () => {
  const program = compileC(
    directory,
    'fft',
    `#include <stdio.h>
     typedef struct plan *fftw_plan;
     int fftw_init_threads(void);
     void fftw_plan_with_nthreads(int);
     fftw_plan fftw_plan_dft_2d(int, int, double (*)[2], double (*)[2], int, unsigned);
     void fftw_execute(fftw_plan);
     enum { n = 256 };
     static double in[n * n][2], out[n * n][2], back[n * n][2];
     int main(void) {
       if (!fftw_init_threads()) return 1;
       fftw_plan_with_nthreads(4);
       fftw_plan there = fftw_plan_dft_2d(n, n, in, out, -1, 64), again = fftw_plan_dft_2d(n, n, out, back, 1, 64);
       for (int i = 0; i < n * n; ++i) in[i][0] = i % 11, in[i][1] = i % 3;
       fftw_execute(there);
       for (int i = 0; i < 5; ++i) printf("%.12g %.12g\\n", out[i * 77][0], out[i * 77][1]);
       fftw_execute(again);
       double worst = 0;
       for (int i = 0; i < n * n; ++i) {
         double error = back[i][0] / (n * n) - in[i][0];
         worst = error * error > worst ? error * error : worst;
       }
       printf("%d\\n", worst < 1e-20);
     }`,
    [...linkTo(fftwOpenmp!), ...linkTo(fftw!)],
  );
  const { stock, ours } = await onBoth(program, [], { OMP_NUM_THREADS: '4' });
  expect(ours).toBe(stock);
  expect(ours).toMatch(/\n1\n$/);
});

test.skipIf(convert === undefined)('imagemagick_makes_the_same_picture (needs imagemagick)', async () => {
  const source = join(directory, 'source.png');
  const made = spawnSync(convert!, ['-seed', '7', '-size', '300x300', 'plasma:red-blue', source], { timeout: 30_000 });
  expect(made.status).toBe(0);
  const args = [source, '-blur', '0x3', '-resize', '150%', '-rotate', '17', '-format', '%#', 'info:'];
  const { stock, ours } = await onBoth(convert!, args, { OMP_NUM_THREADS: '4', MAGICK_THREAD_LIMIT: '4' });
  expect(ours).toMatch(/^[0-9a-f]{64}$/);
  expect(ours).toBe(stock);
});

test.skipIf(convert === undefined)('imagemagick_runs_with_our_library_preloaded (needs imagemagick)', () => {
  const env = { ...process.env, LD_PRELOAD: ourOpenmp, HARTS_REPORT: '1', OMP_NUM_THREADS: '4' };
  const args = ['-size', '200x200', 'gradient:', '-blur', '0x2', '-format', '%w', 'info:'];
  const { status, stdout, stderr } = spawnSync(convert!, args, { env, encoding: 'utf8', timeout: 30_000 });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '200' });
  expectWorkOnHarts(stderr);
});
