/* DPF's own half of the window. */
#include "DistrhoUIMain.cpp"
