"""Tables and views of the mirror as files: typed, streamed, whole or not at all.

writing        tables become files, or one on stdout            <- read this first
files          a file has its name only once it is whole
csv_text, json_lines                  a page of rows as bytes
parquet, xlsx                         the files of libraries, which only they import
spelling       values as text; progress: how far it is
"""
