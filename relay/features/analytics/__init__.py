"""How many, and never who: what is counted of plays and of people being here, and the pages that show it."""
