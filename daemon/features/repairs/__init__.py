"""What is made of a Take, made otherwise or anew."""
