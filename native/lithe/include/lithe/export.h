#ifndef LITHE_EXPORT_H
#define LITHE_EXPORT_H

/* Marks what liblithe.so.1 exports; everything else is compiled with -fvisibility=hidden. */
#define LITHE_API __attribute__((visibility("default")))

/* Around the declarations of a header: they have C linkage in C++ too. */
#ifdef __cplusplus
#define LITHE_BEGIN_DECLS extern "C" {
#define LITHE_END_DECLS }
#else
#define LITHE_BEGIN_DECLS
#define LITHE_END_DECLS
#endif

#endif
