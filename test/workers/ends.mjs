// A worker's file that serves nothing and ends.
