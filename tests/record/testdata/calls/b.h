int g(void);
