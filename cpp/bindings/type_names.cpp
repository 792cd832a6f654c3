// Embind without type information names a type that isn't bound by its address, and carries all of
// formatted output along to write it. All types are bound, so nobody reads that name.
extern "C" int siprintf(char* text, const char* /*format*/, ...) {
  text[0] = '?';
  text[1] = '\0';
  return 1;
}
