int f1(void);
int f2(void);
int main(void) { return f1() + f2() - 3; }
