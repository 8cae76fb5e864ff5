"""What a day of use does to the app, measured: many sessions at once, kills, thousands of runs, hours of clicking."""
