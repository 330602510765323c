/* L0: the manifest and the library as files. No code of the plugin runs here. */
#include "bare/bare.h"

#include <elf.h>
#include <jansson.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *manifest_read(ortc_context *context) {
    json_error_t error;
    json_t *manifest = json_load_file(context->subject->manifest_path, JSON_REJECT_DUPLICATES, &error);
    if (!manifest)
        ortc_fail(context, "manifest.valid", "%s:%d: %s", context->subject->manifest_path, error.line, error.text);
    else if (!json_is_object(manifest))
        ortc_fail(context, "manifest.valid", "%s is no object", context->subject->manifest_path);
    if (ortc_has_failed(context)) {
        json_decref(manifest);
        return NULL;
    }
    return manifest;
}

static bool texts_check(ortc_context *context, const json_t *manifest) {
    static const char *const keys[] = {"id", "name", "version", "vendor", "library"};
    for (uint32_t i = 0; i < ORTC_COUNT(keys); i++) {
        const char *text = json_string_value(json_object_get(manifest, keys[i]));
        if (text && text[0]) continue;
        ortc_fail(context, "manifest.valid", "'%s' is missing, empty or no string", keys[i]);
        return false;
    }
    return true;
}

static bool abi_check(ortc_context *context, const json_t *manifest) {
    static const char *const keys[] = {"major", "min_minor", "built_minor"};
    json_int_t numbers[3] = {0};
    const json_t *abi = json_object_get(manifest, "abi");
    for (uint32_t i = 0; i < 3; i++) {
        const json_t *number = json_object_get(abi, keys[i]);
        numbers[i] = json_integer_value(number);
        if (json_is_integer(number) && numbers[i] >= 0) continue;
        ortc_fail(context, "manifest.valid", "'abi.%s' is missing or no number from 0 on", keys[i]);
        return false;
    }
    if (numbers[1] <= numbers[2]) return true;
    ortc_fail(context, "manifest.valid", "'abi.min_minor' is above 'abi.built_minor'");
    return false;
}

static void valid_run(ortc_context *context) {
    json_t *manifest = manifest_read(context);
    if (manifest && texts_check(context, manifest)) abi_check(context, manifest);
    json_decref(manifest);
}

/* ---- the library ---- */

static unsigned char *file_read(const char *path, size_t *out_bytes) {
    FILE *file = fopen(path, "rbe");
    unsigned char *data = NULL;
    long size = 0;
    if (file && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0 && fseek(file, 0, SEEK_SET) == 0)
        data = malloc((size_t)size);
    *out_bytes = data ? fread(data, 1, (size_t)size, file) : 0;
    if (file) fclose(file);
    return data;
}

static uint16_t machine_here(void) {
#if defined(__x86_64__)
    return EM_X86_64;
#elif defined(__aarch64__)
    return EM_AARCH64;
#elif defined(__riscv)
    return EM_RISCV;
#else
    return EM_NONE;
#endif
}

static const char *library_fault(const unsigned char *data, size_t bytes) {
    Elf64_Ehdr header;
    if (!data) return "can't be read";
    if (bytes < sizeof header) return "is shorter than an ELF header";
    memcpy(&header, data, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return "is no ELF file";
    if (header.e_type != ET_DYN) return "is no shared object";
    if (machine_here() != EM_NONE && header.e_machine != machine_here()) return "is built for another machine";
    return NULL;
}

static bool is_inside(const char *manifest_path, const char *library) {
    char folder[PATH_MAX], full[PATH_MAX], joined[2 * PATH_MAX];
    if (!realpath(manifest_path, folder)) return false;
    char *slash = strrchr(folder, '/');
    if (!slash) return false;
    slash[1] = 0;
    snprintf(joined, sizeof joined, "%s%s", folder, library);
    return realpath(joined, full) && strncmp(full, folder, strlen(folder)) == 0;
}

static bool leaves(const char *path) {
    for (const char *at = path; (at = strstr(at, "..")) != NULL; at += 2)
        if ((at == path || at[-1] == '/') && (at[2] == '/' || at[2] == 0)) return true;
    return false;
}

static void library_run(ortc_context *context) {
    json_t *manifest = manifest_read(context);
    if (!manifest) return;
    const char *library = json_string_value(json_object_get(manifest, "library"));
    size_t bytes = 0;
    unsigned char *data = file_read(context->subject->library_path, &bytes);
    const char *fault = library_fault(data, bytes);
    if (!library || library[0] == '/' || leaves(library))
        ortc_fail(context, "manifest.library", "'library' is '%s', and must be a relative path without '..'",
                  library ? library : "");
    else if (!is_inside(context->subject->manifest_path, library))
        ortc_fail(context, "manifest.library", "'%s' is not there or leaves the manifest's folder", library);
    else if (fault)
        ortc_fail(context, "manifest.library", "'%s' %s", library, fault);
    free(data);
    json_decref(manifest);
}

static bool digest_hex(const unsigned char *data, size_t bytes, char *hex) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (!EVP_Digest(data, bytes, digest, &length, EVP_sha256(), NULL)) return false;
    for (unsigned i = 0; i < length; i++) snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
    return true;
}

static void digest_run(ortc_context *context) {
    json_t *manifest = manifest_read(context);
    if (!manifest) return;
    const json_t *entry = json_object_get(manifest, "sha256");
    const char *want = json_string_value(entry);
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    size_t bytes = 0;
    unsigned char *data = file_read(context->subject->library_path, &bytes);
    if (!entry)
        ortc_decline(context, "the manifest names no sha256");
    else if (!want)
        ortc_fail(context, "manifest.digest", "'sha256' is no string");
    else if (!data || !digest_hex(data, bytes, hex))
        ortc_broken(context, "the library can't be read");
    else if (strcmp(hex, want) != 0)
        ortc_fail(context, "manifest.digest", "the manifest says %s, the library has %s", want, hex);
    free(data);
    json_decref(manifest);
}

/* ---- exported symbols, from .dynsym ---- */

typedef struct symbols {
    uint32_t exported;
    bool has_entry;
    char other[80];
} symbols;

static void symbol_count(symbols *found, const Elf64_Sym *symbol, const char *name) {
    unsigned char bind = ELF64_ST_BIND(symbol->st_info);
    if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS) return;
    if (bind != STB_GLOBAL && bind != STB_WEAK && bind != STB_GNU_UNIQUE) return;
    found->exported++;
    if (strcmp(name, ORTP_ENTRY_SYMBOL) == 0)
        found->has_entry = true;
    else
        snprintf(found->other, sizeof found->other, "%s", name);
}

static bool section_read(const unsigned char *data, size_t bytes, const Elf64_Ehdr *header, uint32_t index,
                         Elf64_Shdr *out) {
    uint64_t at = header->e_shoff + (uint64_t)index * header->e_shentsize;
    if (index >= header->e_shnum || at + sizeof *out > bytes) return false;
    memcpy(out, data + at, sizeof *out);
    return out->sh_type == SHT_NOBITS || (out->sh_offset <= bytes && out->sh_size <= bytes - out->sh_offset);
}

static bool symbols_read(const unsigned char *data, size_t bytes, symbols *out) {
    Elf64_Ehdr header;
    Elf64_Shdr section, names;
    memset(out, 0, sizeof *out);
    memcpy(&header, data, sizeof header);
    for (uint32_t i = 0; i < header.e_shnum; i++) {
        if (!section_read(data, bytes, &header, i, &section)) return false;
        if (section.sh_type != SHT_DYNSYM) continue;
        if (!section_read(data, bytes, &header, section.sh_link, &names) || names.sh_size == 0) return false;
        for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= section.sh_size; at += sizeof(Elf64_Sym)) {
            Elf64_Sym symbol;
            memcpy(&symbol, data + section.sh_offset + at, sizeof symbol);
            if (symbol.st_name < names.sh_size)
                symbol_count(out, &symbol, (const char *)data + names.sh_offset + symbol.st_name);
        }
        return true;
    }
    return false;
}

static void symbols_run(ortc_context *context) {
    size_t bytes = 0;
    unsigned char *data = file_read(context->subject->library_path, &bytes);
    symbols found;
    const char *fault = library_fault(data, bytes);
    if (fault)
        ortc_fail(context, "load.symbols", "the library %s", fault);
    else if (data[EI_CLASS] != ELFCLASS64)
        ortc_decline(context, "symbols are read of 64-bit objects only");
    else if (!symbols_read(data, bytes, &found))
        ortc_broken(context, "the library has no table of dynamic symbols that can be read");
    else if (!found.has_entry)
        ortc_fail(context, "load.symbols", "%s is not exported", ORTP_ENTRY_SYMBOL);
    else if (found.exported > 1)
        ortc_fail(context, "load.symbols", "%u symbols are exported, '%s' among them", found.exported, found.other);
    free(data);
}

const ortc_check ortc_manifest_checks[] = {
    {"manifest-valid", 0, 0, "the manifest has what it must, each of its kind", valid_run},
    {"manifest-library", 0, 0, "the library is beside the manifest and of this machine", library_run},
    {"manifest-digest", 0, 0, "the digest is the library's", digest_run},
    {"load-symbols", 0, 0, "the entry is the only exported symbol", symbols_run},
};
const uint32_t ortc_manifest_check_count = ORTC_COUNT(ortc_manifest_checks);
