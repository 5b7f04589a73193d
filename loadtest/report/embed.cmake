# SPDX-License-Identifier: Apache-2.0
# cmake -DFROM=FOLDER -DFILES=a.html,b.css -DTO=FILE.c -P embed.cmake: a C file with the table of loadtest/report/page.h.
string(REPLACE "," ";" FILES ${FILES})
set(arrays "")
set(rows "")
set(i 0)
foreach(file ${FILES})
    file(READ ${FROM}/${file} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${bytes}")
    string(APPEND arrays "static const char file${i}[] = \"${bytes}\";\n")
    string(APPEND rows "    {\"${file}\", file${i}},\n")
    math(EXPR i "${i} + 1")
endforeach()
file(WRITE ${TO} "/* Made by loadtest/report/embed.cmake. */\n#include \"loadtest/report/page.h\"\n\n${arrays}\n"
    "const struct page_file page_files[] = {\n${rows}    {0}};\n")
