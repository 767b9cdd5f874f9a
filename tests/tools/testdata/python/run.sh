python3 script.py
