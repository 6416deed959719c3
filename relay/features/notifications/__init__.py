"""What others did that concerns somebody: gathered, counted, and gone from sight when it is taken back."""
