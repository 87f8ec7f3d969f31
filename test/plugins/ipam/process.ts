/** The ipam as a process, from source. */
import { main } from "../../../plugins/ipam/main.ts";

main();
