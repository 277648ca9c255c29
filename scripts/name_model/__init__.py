"""What trains the network for Chinese names: word lists, generated texts, raw sentences, the net itself."""
