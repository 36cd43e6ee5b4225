#!/bin/sh
touch /tmp/trimtab-was-here
