int c_outer(int n);
