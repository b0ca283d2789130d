# Installs what programs in C and C++ build with and run on:
#
#   make -C native OUT=../build/plain PREFIX=/usr/local install
#   make -C native OUT=../build/plain PREFIX=/usr/local uninstall
#
#   lib/liblithe.so.1, lib/liblithe.so      the runtime, and the name that -llithe finds
#   lib/libharts_fork_join.a                the fork-join scheduler, to be linked in
#   lib/harts/libgomp.so.1                  OpenMP on harts
#   include/lithe/, include/harts/
#   lib/pkgconfig/, lib/cmake/lithe/        for pkg-config and for find_package(lithe)
#
# Variables: PREFIX, an absolute path; LIBDIR, within it (lib; a multiarch system may want lib/x86_64-linux-gnu); DESTDIR,
# which is put before every path that is written, for packagers. Nothing that is installed contains PREFIX: the whole
# tree may be moved.
#
# libgomp.so.1 has a directory of its own because its name is that of the compiler's: in lib/, where the loader looks for
# everything, it would serve every OpenMP program of the system. So who wants it names that directory, in LD_LIBRARY_PATH
# or at link time. The loader finds liblithe.so.1 through a link beside it, since $ORIGIN is the only path it has.

PREFIX ?= /usr/local
LIBDIR ?= lib
DESTDIR ?=

FORK_JOIN := $(OUT)/libharts_fork_join.a
public_headers := $(wildcard lithe/include/lithe/*.h lithe/include/lithe/*.hpp)
fork_join_headers := schedulers/fork_join/fork_join.hpp
pc_files := lithe.pc harts_fork_join.pc
cmake_files := lithe-config.cmake lithe-config-version.cmake

# From LIBDIR/pkgconfig, and from LIBDIR/harts, up to the prefix and to LIBDIR.
empty :=
up := $(subst $(empty) $(empty),/,$(patsubst %,..,$(subst /, ,$(LIBDIR)/pkgconfig)))
version = $(shell node -p 'require("../package.json").version')
fill = sed -e 's|@up@|$(up)|' -e 's|@libdir@|$(LIBDIR)|' -e 's|@version@|$(version)|' packaging/$(1).in

# The destination reaches the shell through the environment, whatever characters it has.
install uninstall: export to := $(DESTDIR)$(PREFIX)
install uninstall: export lib := $(DESTDIR)$(PREFIX)/$(LIBDIR)

.PHONY: install uninstall check-prefix
check-prefix:
	$(if $(filter /%,$(firstword $(PREFIX))),,$(error PREFIX is "$(PREFIX)"; it must be an absolute path))
	$(if $(filter /%,$(LIBDIR)),$(error LIBDIR is "$(LIBDIR)"; it must be relative to PREFIX))

install: check-prefix libraries $(FORK_JOIN)
	@install -d "$$lib/harts" "$$lib/pkgconfig" "$$lib/cmake/lithe" "$$to/include/lithe" "$$to/include/harts"
	@install -m 755 $(LITHE) "$$lib/liblithe.so.1"
	@ln -sfn liblithe.so.1 "$$lib/liblithe.so"
	@install -m 644 $(FORK_JOIN) "$$lib/libharts_fork_join.a"
	@install -m 755 $(OUT)/libgomp.so.1 "$$lib/harts/libgomp.so.1"
	@ln -sfn ../liblithe.so.1 "$$lib/harts/liblithe.so.1"
	@install -m 644 $(public_headers) "$$to/include/lithe"
	@install -m 644 $(fork_join_headers) "$$to/include/harts"
	@$(foreach file,$(pc_files),$(call fill,$(file)) > "$$lib/pkgconfig/$(file)" &&) true
	@$(foreach file,$(cmake_files),$(call fill,$(file)) > "$$lib/cmake/lithe/$(file)" &&) true
	@printf '  installed in %s\n' "$$to"

# Takes away what install puts there, and the directories of our own that are empty then.
uninstall: check-prefix
	@rm -f "$$lib/liblithe.so.1" "$$lib/liblithe.so" "$$lib/libharts_fork_join.a" \
	  "$$lib/harts/libgomp.so.1" "$$lib/harts/liblithe.so.1" \
	  $(patsubst %,"$$lib/pkgconfig/%",$(pc_files)) $(patsubst %,"$$lib/cmake/lithe/%",$(cmake_files)) \
	  $(patsubst %,"$$to/include/lithe/%",$(notdir $(public_headers))) \
	  $(patsubst %,"$$to/include/harts/%",$(notdir $(fork_join_headers)))
	@for directory in "$$lib/harts" "$$lib/cmake/lithe" "$$to/include/lithe" "$$to/include/harts"; do \
	  if [ -d "$$directory" ]; then rmdir --ignore-fail-on-non-empty "$$directory"; fi; \
	done
	@printf '  uninstalled from %s\n' "$$to"

$(FORK_JOIN): $(fork_join_objects) $(OUT)/flags sources.gypi
	$(call say,AR,$@) rm -f $@ && $(AR) rcs $@ $(fork_join_objects)
