# Answers one line of an SCTP client; socat runs it for each association.
read -r line
printf '{"from":"%s","fromPort":%s,"at":"%s","data":"%s"}\n' "$SOCAT_PEERADDR" "$SOCAT_PEERPORT" "$SOCAT_SOCKADDR" "$line"
